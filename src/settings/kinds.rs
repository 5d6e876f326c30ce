//! How the kinds of options in the table differ. `table.rs` describes the kinds.

/// The type of a setting.
macro_rules! setting_type {
    (maybe $type:ty) => { Option<$type> };
    (optional $type:ty) => { Option<$type> };
    (list $type:ty) => { Vec<$type> };
    (several $type:ty) => { Vec<$type> };
    ($kind:ident $type:ty) => { $type };
}

/// The type of the value that a source gives for a setting.
macro_rules! given_type {
    (list $type:ty) => { Vec<$type> };
    (several $type:ty) => { Vec<$type> };
    (drawn $type:ty) => { crate::settings::SeedChoice };
    (optional $type:ty) => { crate::settings::OrNone<$type> };
    ($kind:ident $type:ty) => { $type };
}

/// Turns a setting into the value that a source would give for it.
macro_rules! given {
    (maybe $setting:expr) => {
        $setting
    };
    (optional $setting:expr) => {
        $setting.map(|value| crate::settings::OrNone(Some(value)))
    };
    (several $setting:expr) => {
        Some($setting).filter(|values| !values.is_empty())
    };
    (drawn $setting:expr) => {
        Some($setting.into())
    };
    ($kind:ident $setting:expr) => {
        Some($setting)
    };
}

/// Turns the value that sources gave into a setting.
macro_rules! resolved {
    (drawn $given:expr, $option:expr, $default:expr) => {
        match $given {
            Some(choice) => choice.seed()?,
            None => $default,
        }
    };
    ($kind:ident $given:expr, $option:expr, $default:expr) => {
        $given.unwrap_or_else(|| $default)
    };
    (maybe $given:expr, $option:expr) => {
        $given
    };
    (optional $given:expr, $option:expr) => {
        $given.and_then(|value| value.0)
    };
    (several $given:expr, $option:expr) => {
        $given.unwrap_or_default()
    };
    ($kind:ident $given:expr, $option:expr) => {
        $given.ok_or_else(|| options::missing($option))?
    };
}

/// Turns the value that sources gave into a setting, for an option that has a default.
macro_rules! defaulted {
    ($kind:ident $given:expr, $default:expr) => {
        $given.unwrap_or_else(|| $default)
    };
    (maybe $given:expr) => {
        $given
    };
    (several $given:expr) => {
        $given.unwrap_or_default()
    };
}

/// Turns the value in a recipe into a setting, with the lines `[before] [default]` of its block.
macro_rules! restored {
    (one $written:expr, $name:expr, [] [$default:expr]) => {
        $written.unwrap_or_else(|| $default)
    };
    (one $written:expr, $name:expr, [$before:expr] [$($default:expr)?]) => {
        $written.unwrap_or_else(|| $before)
    };
    (maybe $written:expr, $name:expr, [] []) => {
        $written.unwrap_or_default()
    };
    (optional $written:expr, $name:expr, [] []) => {
        $written.unwrap_or_default()
    };
    (several $written:expr, $name:expr, [] []) => {
        $written.unwrap_or_default()
    };
    ($kind:ident $written:expr, $name:expr, [] [$($default:expr)?]) => {
        match $written {
            Some(value) => value,
            None => return Err(serde::de::Error::missing_field($name)),
        }
    };
}

/// Whether recipes omit a setting.
macro_rules! is_left_out {
    (maybe $setting:expr) => {
        $setting.is_none()
    };
    (optional $setting:expr) => {
        $setting.is_none()
    };
    (several $setting:expr) => {
        $setting.is_empty()
    };
    ($kind:ident $setting:expr) => {
        false
    };
}

/// Removes the value that a source gave, if recipes can omit the setting.
macro_rules! taken_away {
    (maybe $given:expr) => {
        $given = None;
    };
    (optional $given:expr) => {
        $given = None;
    };
    (several $given:expr) => {
        $given = None;
    };
    ($kind:ident $given:expr) => {};
}

/// The value of an option on the command line; none for settings that are not options.
macro_rules! of_matches {
    ($kind:ident $matches:expr, $name:expr) => {
        None
    };
    (list $matches:expr, $name:expr, $value:expr) => {
        arguments::all($matches, $name)
    };
    (several $matches:expr, $name:expr, $value:expr) => {
        arguments::all($matches, $name)
    };
    ($kind:ident $matches:expr, $name:expr, $value:expr) => {
        arguments::one($matches, $name)
    };
}

/// What repeating an option on the command line does.
macro_rules! action {
    (list) => {
        clap::ArgAction::Append
    };
    (several) => {
        clap::ArgAction::Append
    };
    ($kind:ident) => {
        clap::ArgAction::Set
    };
}

/// Whether a source can say `none`.
macro_rules! takes_none {
    (optional) => {
        true
    };
    ($kind:ident) => {
        false
    };
}

/// A line of a block as an `Option`.
macro_rules! optional {
    () => {
        None
    };
    ($value:expr) => {
        Some($value)
    };
}

/// Who may set an option.
macro_rules! setter {
    () => {
        Setter::CommandLine
    };
    ($setter:ident) => {
        Setter::$setter
    };
}

/// A default as a JSON value.
macro_rules! json {
    () => {
        None
    };
    ($default:expr) => {
        serde_json::to_value($default).ok()
    };
}

/// Applies the function of the line `arg`, if there is one, to an argument of the command line.
macro_rules! changed {
    ($argument:expr) => {
        $argument
    };
    ($argument:expr, $change:expr) => {
        arguments::changed($argument, $change)
    };
}

/// The name of an option on the command line, such as `init-image` for `init_image`.
macro_rules! dashed {
    ($name:ident) => {
        const {
            const BYTES: [u8; stringify!($name).len()] = options::dashes(stringify!($name));
            match std::str::from_utf8(&BYTES) {
                Ok(option) => option,
                Err(_) => stringify!($name),
            }
        }
    };
}
