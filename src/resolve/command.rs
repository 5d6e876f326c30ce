//! Settings as a command of a shell.

use super::shortest;
use crate::settings::Settings;
use crate::{Error, Result};

/// The command that draws a picture with these settings, quoted for a POSIX shell. It names only what differs from the
/// defaults. `products` are the options of the files to make beside the PNG, such as `mp4`.
///
/// # Errors
/// If a text contains a NUL character, which no command can.
pub fn command(settings: &Settings, products: &[String]) -> Result<String> {
    let prompt = settings.prompt.to_string();
    // A single word could be the name of a command of the program or of a file.
    let is_clear = !prompt.starts_with('-') && prompt.contains(' ');
    let mut words = vec!["text2art".to_owned()];
    words.push(if is_clear { prompt } else { format!("--prompt={prompt}") });
    words.extend(shortest(settings).words());
    words.extend(products.iter().map(|product| format!("--{product}")));
    shlex::try_join(words.iter().map(String::as_str)).map_err(|_| {
        Error::usage("the settings contain a NUL character", "remove it: no command can contain this character")
    })
}

#[cfg(test)]
mod tests {
    use clap::{Arg, Args, Command, FromArgMatches};

    use super::*;
    use crate::resolve::combine;
    use crate::settings::Overrides;

    fn settings(json: serde_json::Value) -> Settings {
        combine(&[serde_json::from_value(json).unwrap()]).unwrap()
    }

    /// The settings that a command means, read as the program does.
    fn read(line: &str) -> Settings {
        let own = Command::new("text2art").arg(Arg::new("words").num_args(0..)).arg(Arg::new("text").long("prompt"));
        let own = own.arg(Arg::new("mp4").long("mp4").num_args(0..=1).default_missing_value(""));
        let matches = Overrides::augment_args(own).try_get_matches_from(shlex::split(line).unwrap()).unwrap();
        let text =
            |name: &str| matches.get_many::<String>(name).map(|words| words.cloned().collect::<Vec<_>>().join(" "));
        let prompt = text("words").or_else(|| text("text")).unwrap().parse().ok();
        combine(&[Overrides { prompt, ..Overrides::from_arg_matches(&matches).unwrap() }]).unwrap()
    }

    #[test]
    fn a_command_has_only_what_differs_from_the_defaults() {
        let line = |json, products: &[&str]| {
            command(&settings(json), &products.iter().map(|&name| name.to_owned()).collect::<Vec<_>>()).unwrap()
        };
        assert_eq!(line(serde_json::json!({"prompt": "a red apple"}), &[]), "text2art 'a red apple'");
        let given = serde_json::json!({"prompt": "a cat's hat", "size": "64x48", "seed": 7, "init_image": "init.png"});
        let expected = "text2art \"a cat's hat\" --size 64x48 --seed 7 --init-image init.png --mp4";
        assert_eq!(line(given, &["mp4"]), expected);
        assert_eq!(
            line(serde_json::json!({"prompt": "info", "quality": "draft"}), &[]),
            "text2art '--prompt=info' --quality draft"
        );
    }

    #[test]
    fn whatever_a_prompt_contains_the_command_means_the_same() {
        for prompt in [
            "a red apple | night:0.5 | blurry:-0.3:-0.7",
            "resume",
            "-n 5",
            "--help me",
            "$(rm -rf ~) `id` ${HOME} !! \\ \\| b",
            "it's \"quoted\" '; rm -rf / #",
            "two\nlines\tand a tab",
            "\u{202e}evil\u{2066} \u{200b}zero 🧑\u{200d}🚀 größe 木",
            "*",
        ] {
            let settings = settings(serde_json::json!({"prompt": prompt, "palette": "red->white\\8;gold", "seed": 3}));
            let line = command(&settings, &["mp4".to_owned()]).unwrap();
            assert_eq!(read(&line), settings, "{line}");
        }
        let broken = Settings { vqgan: "a\0b".into(), ..settings(serde_json::json!({"prompt": "a"})) };
        assert!(command(&broken, &[]).is_err());
    }
}
