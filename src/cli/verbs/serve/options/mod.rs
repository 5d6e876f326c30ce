//! The options of a server, by subject. The command line, the environment and a file can set each of them.

pub(super) mod access;
pub(super) mod keep;
mod letters;
mod limits;
mod listen;

use std::path::PathBuf;

use access::AccessOptions;
use keep::KeepOptions;
use letters::LetterOptions;
use limits::LimitOptions;
use listen::ListenOptions;

use crate::cli::options::elsewhere::ElsewhereArguments;
use crate::cli::options::layers::layered;
use crate::cli::terminal::log::LogKind;
use crate::settings::Overrides;
use crate::text::count;

/// The most jobs that are drawn at once.
const MOST_WORKERS: usize = 256;
/// The most jobs that a process draws.
const MOST_JOBS_PER_PROCESS: usize = 10_000;

layered! {
    /// The options of a server, from one source. The help shows them in this order.
    pub(super) struct Options of {
        pub(super) listen: ListenOptions,
        pub(super) folder: FolderOptions,
        pub(super) elsewhere: ElsewhereArguments,
        pub(super) drawing: DrawingOptions,
        pub(super) access: AccessOptions,
        pub(super) limits: LimitOptions,
        pub(super) keep: KeepOptions,
        pub(super) letters: LetterOptions,
        pub(super) other: OtherOptions,
    }
}

layered! {
    /// Where a server keeps its data on this machine.
    pub(super) struct FolderOptions {
        /// Folder of the queue, the pictures and the work in progress [default: the user's data folder]
        ///
        /// By default this is text2art in `$XDG_DATA_HOME`, which is ~/.local/share if it is not set. The folder must be
        /// on a local disk.
        #[arg(long, value_name = "DIR")]
        pub(in crate::cli::verbs::serve) data: PathBuf,
    }
}

layered! {
    /// What a server draws itself.
    pub(super) struct DrawingOptions {
        /// Number of jobs to draw at once, at most one on each GPU; 0 leaves them to `text2art worker` [default: 1]
        #[arg(long, value_name = "N", value_parser = |text: &str| count::<usize>(text, 0..=MOST_WORKERS))]
        pub(in crate::cli::verbs::serve) workers: usize,
        /// Maximum number of jobs per process, which keeps its models loaded; 1 starts a process for each job [default: 100]
        #[arg(long, value_name = "N", value_parser = jobs_per_process)]
        pub(in crate::cli::verbs::serve) jobs_per_process: u32,
    }
}

layered! {
    /// Other options of a server.
    pub(super) struct OtherOptions {
        /// Use only models that are already downloaded
        #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
        pub(in crate::cli::verbs::serve) offline: bool,
        /// What to show on standard error: jobs, or a log as text or JSON [default: jobs in a terminal, else json]
        #[arg(long, value_enum, value_name = "KIND")]
        pub(in crate::cli::verbs::serve) log: LogKind,
        /// Settings for what requests leave out; only in the file
        #[arg(skip)]
        pub(in crate::cli::verbs::serve) settings: Overrides,
    }
}

/// Reads the number of jobs of a process.
pub(in crate::cli) fn jobs_per_process(text: &str) -> Result<u32, String> {
    count(text, 1..=MOST_JOBS_PER_PROCESS)
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command, FromArgMatches};

    use super::*;
    use crate::cli::options::layers::{Layer, from_toml};

    #[test]
    fn every_option_can_be_set_by_every_source() {
        let all = [
            ("listen", "127.0.0.1:9000"),
            ("metrics", "127.0.0.1:9001"),
            ("data", "art"),
            ("database", "postgres://art@db.example.org/art"),
            ("database-listen", "postgres://art@direct.example.org/art"),
            ("storage", "s3://art/a"),
            ("storage-endpoint", "https://s3.example.org"),
            ("storage-region", "eu-north-1"),
            ("storage-path-style", "true"),
            ("storage-presign", "true"),
            ("workers", "2"),
            ("jobs-per-process", "7"),
            ("open", "true"),
            ("registration", "invitation"),
            ("public-url", "https://art.example.org"),
            ("trusted-proxies", "10.0.0.1,10.0.0.2"),
            ("max-size", "512x256"),
            ("max-iterations", "10"),
            ("max-cutouts", "9"),
            ("max-waiting", "3"),
            ("keep-jobs", "30d"),
            ("keep-audit", "90d"),
            ("smtp", "smtps://art@mail.example.org"),
            ("smtp-password-file", "password"),
            ("smtp-ca", "ca.pem"),
            ("mail-from", "art@example.org"),
            ("offline", "true"),
            ("log", "json"),
        ];
        let command = Options::augment_args(Command::new("all").no_binary_name(true));
        let shown = command.get_arguments().filter(|argument| !argument.is_hide_set());
        assert!(shown.filter_map(|argument| argument.get_long()).eq(all.map(|(name, _)| name)), "an option is missing");
        let given = all.iter().map(|(name, value)| format!("--{name}={value}"));
        let given = Options::from_arg_matches(&command.try_get_matches_from(given).unwrap()).unwrap();
        let line = |(name, value): (&str, &str)| {
            let written = match name {
                "trusted-proxies" => format!("[\"{}\"]", value.replace(',', "\", \"")),
                _ if value == "true" || value.parse::<u32>().is_ok() => value.to_owned(),
                _ => format!("\"{value}\""),
            };
            format!("{} = {written}\n", name.replace('-', "_"))
        };
        let in_file = from_toml::<Options>(&all.map(line).concat()).unwrap();
        assert_eq!(in_file, given);
        assert_eq!(Options::default().or(in_file), given);
        assert_eq!(given.clone().or(Options::default()), given);
    }

    #[test]
    fn stronger_sources_win() {
        let of = |text: &str| from_toml::<Options>(text).unwrap();
        let both = of("workers = 2").or(of("workers = 3\nlisten = \"8081\"\n[settings]\nquality = \"draft\""));
        assert_eq!((both.drawing.workers, both.listen.listen), (Some(2), Some("8081".parse().unwrap())));
        assert!(both.other.settings.is_some_and(|settings| settings.quality.is_some()));
        assert!(from_toml::<Options>("worker = 2").is_err());
        let far = of("database = \"postgres://art:secret@db/art\"\nstorage = \"s3://art/a\"");
        let both = Options::default().or(far);
        assert!(both.elsewhere.database.is_some_and(|address| address.has_password()));
        assert_eq!(both.elsewhere.storage.map(|bucket| bucket.to_string()).as_deref(), Some("s3://art/a"));
        let wrong = from_toml::<Options>("database = \"mysql://art:secret@db/art\"").unwrap_err();
        assert!(!wrong.message().contains("secret"), "{}", wrong.message());
        assert!(from_toml::<Options>("mail_lease = nan").is_err(), "a file has no hidden options");
    }
}
