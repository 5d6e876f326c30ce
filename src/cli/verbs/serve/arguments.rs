//! The arguments of `serve`, and the configuration that follows from them, the environment and a file.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Command, FromArgMatches, Subcommand};
use serde::Deserialize;
use url::Url;

use super::{admin, letters};
use crate::cli::options::elsewhere::ElsewhereArguments;
use crate::cli::options::lease::lease;
use crate::cli::options::secret::concealed;
use crate::cli::options::{data, sources};
use crate::cli::terminal::log::LogKind;
use crate::cli::terminal::report::Reporter;
use crate::database::Address;
use crate::files::read_text_from_anywhere;
use crate::mail::{SmtpServer, Writer};
use crate::objects::{Bucket, Endpoint};
use crate::picture::Size;
use crate::progress::Event;
use crate::server::{Config, Limits, Registration, Retention};
use crate::settings::Overrides;
use crate::text::{count, did_you_mean, first_paragraph};
use crate::worker::{Elsewhere, JOBS_PER_PROCESS};
use crate::{Error, Result};

/// The prefix of the environment variables of a server.
pub(in crate::cli) const PREFIX: &str = "TEXT2ART_SERVE_";
/// The port that is used if none is named.
const USUAL_PORT: u16 = 8080;
/// The most jobs that are drawn at once.
const MOST_WORKERS: usize = 256;
/// The most jobs that a process draws.
const MOST_JOBS_PER_PROCESS: usize = 10_000;

/// The arguments of `serve`.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct Arguments {
    #[command(subcommand)]
    pub(super) verb: Option<Verb>,
    #[command(flatten)]
    options: Options,
    /// Configuration file of the server, or `none` [default: ~/.config/text2art/serve.toml, if there is one]
    ///
    /// The file can set all of these options, as in `workers = 2`. Its table `[settings]` sets defaults for settings that a
    /// request omits, written as in the configuration file of `text2art generate`. Environment variables such as
    /// `TEXT2ART_SERVE_WORKERS` take precedence over the file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What is done instead of serving.
#[derive(Subcommand)]
pub(super) enum Verb {
    /// Manage a server's users, queue and files, even while it runs
    Admin(admin::Arguments),
}

/// The options of a server, from one source.
#[derive(Clone, Debug, Default, PartialEq, clap::Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Options {
    /// Address to listen on; port 0 takes any free port [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<Listen>,
    /// Also serve /metrics at this address; by default, only at --listen, and only to this machine
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<Listen>,
    /// Folder of the queue, the pictures and the work in progress [default: the user's data folder]
    ///
    /// By default this is text2art in `$XDG_DATA_HOME`, which is ~/.local/share if it is not set. The folder must be
    /// on a local disk.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    #[serde(skip)]
    elsewhere: ElsewhereArguments,
    /// Number of jobs to draw at once, at most one on each GPU; 0 leaves them to `text2art worker` [default: 1]
    #[arg(long, value_name = "N", value_parser = |text: &str| count::<usize>(text, 0..=MOST_WORKERS))]
    workers: Option<usize>,
    /// Maximum number of jobs that a process draws, keeping the models loaded; 1 is a process for each job [default: 100]
    #[arg(long, value_name = "N", value_parser = jobs_per_process)]
    jobs_per_process: Option<u32>,
    /// Let in anyone who can reach the server, without a login
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    open: Option<bool>,
    /// Who may register: nobody, people with an invitation, or anyone [default: closed]
    #[arg(long, value_enum, value_name = "WHO")]
    registration: Option<RegistrationArgument>,
    /// Address that users connect to, if the server is behind a proxy
    #[arg(long, value_name = "URL")]
    public_url: Option<PublicUrl>,
    /// Proxies whose X-Forwarded-For header is believed, comma-separated
    #[arg(long, value_name = "ADDRESSES", value_delimiter = ',')]
    trusted_proxies: Option<Vec<IpAddr>>,
    /// Largest picture that a request may ask for; other shapes may have at most as many pixels (W times H) [default: 4096x4096]
    #[arg(long, value_name = "WxH")]
    max_size: Option<Size>,
    /// Maximum number of iterations of a request [default: 100000]
    #[arg(long, value_name = "N", value_parser = |text: &str| count::<usize>(text, 0..=1_000_000))]
    max_iterations: Option<usize>,
    /// Maximum number of cutouts of a request [default: 512]
    #[arg(long, value_name = "N", value_parser = |text: &str| count::<usize>(text, 1..=4096))]
    max_cutouts: Option<usize>,
    /// Maximum number of waiting jobs of a visitor without a login, with --open [default: 5]
    #[arg(long, value_name = "N", value_parser = |text: &str| count::<u32>(text, 1..=10_000))]
    max_waiting: Option<u32>,
    /// Delete unpublished jobs this long after they end, such as 12h or 30d [default: never]
    #[arg(long, value_name = "TIME")]
    keep_jobs: Option<Age>,
    /// Keep the list of operators' actions for this long, such as 90d [default: 365d]
    #[arg(long, value_name = "TIME")]
    keep_audit: Option<Age>,
    /// SMTP server to send email through, such as `smtps://user@mail.example.org` [default: no email]
    ///
    /// `smtp+starttls://` connects without TLS, then upgrades to it. `smtp://` has no TLS, and is only for a server on this
    /// machine. Set the password for the SMTP server in `TEXT2ART_SMTP_PASSWORD`, or use --smtp-password-file.
    #[arg(long, value_name = "URL")]
    pub(super) smtp: Option<SmtpServer>,
    /// File whose first line is the password for --smtp
    #[arg(long, value_name = "FILE")]
    pub(super) smtp_password_file: Option<PathBuf>,
    /// File of certificates to trust for --smtp besides the usual ones
    #[arg(long, value_name = "FILE")]
    pub(super) smtp_ca: Option<PathBuf>,
    /// Sender of emails, such as art@example.org; may have a name, as in "Name <address>"
    #[arg(long, value_name = "ADDRESS")]
    pub(super) mail_from: Option<Writer>,
    /// How long a letter belongs to a server that no longer reports, in seconds
    #[arg(long, value_name = "SECONDS", hide = true, value_parser = lease)]
    #[serde(skip)]
    pub(super) mail_lease: Option<Duration>,
    /// Use only models that are already downloaded
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    offline: Option<bool>,
    /// What to show on standard error: jobs, or a log as text or JSON [default: jobs in a terminal, else json]
    #[arg(long, value_enum, value_name = "KIND")]
    log: Option<LogKind>,
    /// Settings for what requests leave out; only in the file
    #[arg(skip)]
    settings: Overrides,
    // The options of `elsewhere` in a file: serde does not detect unknown names in a flattened struct.
    #[arg(skip)]
    database: Option<Address>,
    #[arg(skip)]
    database_listen: Option<Address>,
    #[arg(skip)]
    storage: Option<Bucket>,
    #[arg(skip)]
    storage_endpoint: Option<Endpoint>,
    #[arg(skip)]
    storage_region: Option<String>,
    #[arg(skip)]
    storage_path_style: Option<bool>,
    #[arg(skip)]
    storage_presign: Option<bool>,
}

/// Reads the number of jobs of a process.
pub(in crate::cli) fn jobs_per_process(text: &str) -> Result<u32, String> {
    count(text, 1..=MOST_JOBS_PER_PROCESS)
}

/// What a worker must know about its server.
pub(in crate::cli) struct OfWorker {
    /// The data folder
    pub(in crate::cli) data: Option<PathBuf>,
    /// The database and storage on other machines
    pub(in crate::cli) elsewhere: Elsewhere,
    /// How many jobs a process draws
    pub(in crate::cli) jobs_per_process: u32,
}

impl OfWorker {
    /// Reads the command line of a worker, then the environment and the configuration file of its server. `warn` gets a
    /// message about each variable that is not an option.
    ///
    /// # Errors
    /// If a source cannot be used.
    pub(in crate::cli) fn new(
        data: Option<PathBuf>,
        elsewhere: ElsewhereArguments,
        jobs_per_process: Option<u32>,
        config: Option<&Path>,
        warn: &mut dyn FnMut(String),
    ) -> Result<Self> {
        let options = Options { data, elsewhere, jobs_per_process, ..Options::default() };
        let options = Arguments { verb: None, options, config: config.map(Path::to_owned) }.options(warn)?;
        let jobs_per_process = options.jobs_per_process.unwrap_or(JOBS_PER_PROCESS);
        Ok(Self { data: options.data, elsewhere: options.elsewhere.elsewhere()?, jobs_per_process })
    }
}

impl Arguments {
    /// The arguments of the server that an operator cares for.
    pub(super) fn of_admin(admin: &admin::Arguments) -> Self {
        let options = Options { data: admin.data.clone(), ..Options::default() };
        Self { verb: None, options, config: admin.config.clone() }
    }

    /// What to show on standard error.
    pub(super) fn log(&self, reporter: &Reporter) -> Result<LogKind> {
        Ok(self.options(&mut |_| ())?.log.unwrap_or_else(|| LogKind::usual(reporter)))
    }

    /// The whole configuration.
    pub(super) fn config(&self, reporter: &Reporter) -> Result<Config> {
        let mut warnings = Vec::new();
        let options = self.options(&mut |warning| warnings.push(warning))?;
        let environment = sources::environment(&mut |warning| warnings.push(warning))?;
        let own = sources::config_file(None)?;
        for message in warnings {
            reporter.tell(&Event::Warning { message });
        }
        let smtp = letters::smtp(&options)?;
        let folder = options.data.map_or_else(data::usual_folder, Ok)?;
        let usual = Limits::default();
        let kept = Retention::default();
        let retention = Retention {
            jobs: options.keep_jobs.map(|age| age.0),
            audit: options.keep_audit.map_or(kept.audit, |age| age.0),
            ..kept
        };
        let limits = Limits {
            pixels: options.max_size.map_or(usual.pixels, |size| size.width.saturating_mul(size.height)),
            iterations: options.max_iterations.unwrap_or(usual.iterations),
            cutouts: options.max_cutouts.unwrap_or(usual.cutouts),
            waiting: options.max_waiting.unwrap_or(usual.waiting),
            ..usual
        };
        Ok(Config {
            elsewhere: options.elsewhere.elsewhere()?,
            listen: options.listen.unwrap_or_default().0,
            metrics: options.metrics.map(|address| address.0),
            workers: options.workers.unwrap_or(1),
            jobs_per_process: options.jobs_per_process.unwrap_or(JOBS_PER_PROCESS),
            open: options.open.unwrap_or_default(),
            registration: options.registration.map_or(Registration::Closed, Registration::from),
            offline: options.offline.unwrap_or_default(),
            public_url: options.public_url.map(|url| url.0),
            trusted_proxies: options.trusted_proxies.unwrap_or_default(),
            settings: [options.settings, environment, own].map(of_a_server).into(),
            smtp,
            limits,
            retention,
            // Workers run elsewhere, but know the folder by the same name.
            ..Config::local(&std::path::absolute(&folder).unwrap_or(folder))
        })
    }

    /// The options of all sources; a variable that is not one is passed to `warn`.
    fn options(&self, warn: &mut dyn FnMut(String)) -> Result<Options> {
        self.options.elsewhere.check_command_line()?;
        let file = file(self.config.as_deref())?.with_elsewhere();
        Ok(self.options.clone().or(environment(warn)?).or(file))
    }
}

impl Options {
    /// These options, with those of a weaker source for the ones that are missing.
    fn or(self, weaker: Self) -> Self {
        Self {
            listen: self.listen.or(weaker.listen),
            metrics: self.metrics.or(weaker.metrics),
            data: self.data.or(weaker.data),
            elsewhere: self.elsewhere.or(weaker.elsewhere),
            workers: self.workers.or(weaker.workers),
            jobs_per_process: self.jobs_per_process.or(weaker.jobs_per_process),
            open: self.open.or(weaker.open),
            registration: self.registration.or(weaker.registration),
            public_url: self.public_url.or(weaker.public_url),
            trusted_proxies: self.trusted_proxies.or(weaker.trusted_proxies),
            max_size: self.max_size.or(weaker.max_size),
            max_iterations: self.max_iterations.or(weaker.max_iterations),
            max_cutouts: self.max_cutouts.or(weaker.max_cutouts),
            max_waiting: self.max_waiting.or(weaker.max_waiting),
            keep_jobs: self.keep_jobs.or(weaker.keep_jobs),
            smtp: self.smtp.or(weaker.smtp),
            smtp_password_file: self.smtp_password_file.or(weaker.smtp_password_file),
            smtp_ca: self.smtp_ca.or(weaker.smtp_ca),
            mail_from: self.mail_from.or(weaker.mail_from),
            mail_lease: self.mail_lease.or(weaker.mail_lease),
            keep_audit: self.keep_audit.or(weaker.keep_audit),
            offline: self.offline.or(weaker.offline),
            log: self.log.or(weaker.log),
            settings: self.settings.or(weaker.settings),
            ..Self::default()
        }
    }

    /// The options of a file, with those of `elsewhere` moved to where other sources have them.
    fn with_elsewhere(mut self) -> Self {
        self.elsewhere = ElsewhereArguments {
            database: self.database.take(),
            database_listen: self.database_listen.take(),
            storage: self.storage.take(),
            storage_endpoint: self.storage_endpoint.take(),
            storage_region: self.storage_region.take(),
            storage_path_style: self.storage_path_style.take(),
            storage_presign: self.storage_presign.take(),
        };
        self
    }
}

/// Who may register, on the command line and in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RegistrationArgument {
    /// Nobody: administrators add users
    Closed,
    /// People with a link from `text2art serve admin invitation add`
    Invitation,
    /// Anyone who can reach the server
    Open,
}

impl From<RegistrationArgument> for Registration {
    fn from(argument: RegistrationArgument) -> Self {
        match argument {
            RegistrationArgument::Closed => Self::Closed,
            RegistrationArgument::Invitation => Self::Invitation,
            RegistrationArgument::Open => Self::Open,
        }
    }
}

/// Settings of a server for the pictures of others: no prompt, and models by names that mean the same everywhere.
fn of_a_server(settings: Overrides) -> Overrides {
    let whole = |name: String| match std::path::absolute(&name) {
        Ok(path) if path.exists() => path.to_str().map_or(name, str::to_owned),
        _ => name,
    };
    Overrides {
        prompt: None,
        vqgan: settings.vqgan.map(whole),
        clip: settings.clip.map(|names| names.into_iter().map(whole).collect()),
        upscaler: settings.upscaler.map(whole),
        ..settings
    }
}

/// The options that `TEXT2ART_SERVE_<OPTION>` variables name.
fn environment(warn: &mut dyn FnMut(String)) -> Result<Options> {
    let command = Options::augment_args(Command::new("environment").no_binary_name(true));
    let known: Vec<String> = command
        .get_arguments()
        .filter_map(|argument| argument.get_long())
        .chain(["config"])
        .map(|option| format!("{PREFIX}{}", option.replace('-', "_").to_uppercase()))
        .collect();
    let mut arguments = Vec::new();
    let mut variables: Vec<_> = std::env::vars_os().collect();
    variables.sort();
    for (variable, value) in variables {
        let Some(variable) = variable.to_str() else { continue };
        let Some(name) = variable.strip_prefix(PREFIX) else { continue };
        if !known.iter().any(|known| known == variable) {
            let near = did_you_mean(variable, known.iter().map(String::as_str));
            warn(format!("{variable} is not an option of `text2art serve`{near}"));
        } else if variable != CONFIG {
            let mut argument = std::ffi::OsString::from(format!("--{}=", name.to_lowercase().replace('_', "-")));
            argument.push(value);
            arguments.push(argument);
        }
    }
    let parsed = command.try_get_matches_from(arguments).and_then(|matches| Options::from_arg_matches(&matches));
    parsed.map_err(|error| {
        let problem = format!("in the environment: {}", first_paragraph(&concealed(error)));
        Error::usage(problem, format!("fix or unset the {PREFIX} variable"))
    })
}

/// Names the configuration file, like `--config`.
const CONFIG: &str = "TEXT2ART_SERVE_CONFIG";

/// The options in a file: the one that is named, else the user's own if there is one. `none` stands for no file.
fn file(named: Option<&Path>) -> Result<Options> {
    let variable = std::env::var_os(CONFIG).map(PathBuf::from);
    let path = match named.or(variable.as_deref()) {
        Some(path) if path == Path::new("none") => return Ok(Options::default()),
        Some(path) => path.to_owned(),
        None => match sources::users_file().map(|path| path.with_file_name("serve.toml")) {
            Some(path) if path.is_file() => path,
            _ => return Ok(Options::default()),
        },
    };
    let hint = "write options as in `text2art serve --help`, such as workers = 2, and settings below [settings]";
    let text = read_text_from_anywhere(&path, hint)?;
    toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        Error::file(&path, format!("line {line}: {}", error.message()), hint)
    })
}

/// An address to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Listen(SocketAddr);

impl Default for Listen {
    fn default() -> Self {
        Self(SocketAddr::from((Ipv4Addr::LOCALHOST, USUAL_PORT)))
    }
}

impl FromStr for Listen {
    type Err = String;

    /// Reads an address with a port, or either of them.
    fn from_str(text: &str) -> Result<Self, String> {
        let local = text.strip_prefix("localhost").map(|port| format!("127.0.0.1{port}"));
        let text = local.as_deref().unwrap_or(text);
        let of_port =
            || Some(SocketAddr::from((Ipv4Addr::LOCALHOST, text.strip_prefix(':').unwrap_or(text).parse().ok()?)));
        let of_ip = || Some(SocketAddr::from((text.trim_matches(['[', ']']).parse::<IpAddr>().ok()?, USUAL_PORT)));
        let address = text.parse().ok().or_else(of_port).or_else(of_ip);
        address.map(Self).ok_or_else(|| {
            format!("`{text}` is not an address to listen on; write it like 127.0.0.1:8080, or 0.0.0.0:8080 for all networks")
        })
    }
}

impl std::fmt::Display for Listen {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

crate::text::serde_as_text!(Listen);

/// The address that users know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PublicUrl(Url);

impl PublicUrl {
    pub(super) fn url(&self) -> &Url {
        &self.0
    }
}

impl FromStr for PublicUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).ok().filter(|url| {
            ["http", "https"].contains(&url.scheme()) && url.has_host() && url.path() == "/" && url.query().is_none()
        });
        url.map(Self)
            .ok_or_else(|| format!("`{text}` is not the address of a server; write it like https://art.example.org"))
    }
}

impl std::fmt::Display for PublicUrl {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

crate::text::serde_as_text!(PublicUrl);

/// How long something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Age(Duration);

impl Age {
    pub(super) fn duration(self) -> Duration {
        self.0
    }
}

/// The units of times, with their seconds.
const UNITS: [(char, u64); 4] = [('d', 24 * 3600), ('h', 3600), ('m', 60), ('s', 1)];

impl FromStr for Age {
    type Err = String;

    /// Reads a whole number and a unit.
    fn from_str(text: &str) -> Result<Self, String> {
        let seconds = UNITS.iter().find_map(|(unit, seconds)| {
            let number: u64 = text.strip_suffix(*unit)?.trim().parse().ok()?;
            number.checked_mul(*seconds).filter(|seconds| (1..=100 * 366 * 24 * 3600).contains(seconds))
        });
        let age = seconds.map(|seconds| Self(Duration::from_secs(seconds)));
        age.ok_or_else(|| format!("`{text}` is not a time; write it like 12h or 30d"))
    }
}

impl std::fmt::Display for Age {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.0.as_secs();
        let (unit, length) = UNITS.into_iter().find(|(_, length)| seconds.is_multiple_of(*length)).unwrap_or(('s', 1));
        write!(formatter, "{}{unit}", seconds / length)
    }
}

crate::text::serde_as_text!(Age);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        let read = |text: &str| text.parse::<Listen>().map(|listen| listen.to_string());
        for (text, address) in [
            ("127.0.0.1:0", "127.0.0.1:0"),
            ("8081", "127.0.0.1:8081"),
            (":8081", "127.0.0.1:8081"),
            ("localhost:8081", "127.0.0.1:8081"),
            ("localhost", "127.0.0.1:8080"),
            ("0.0.0.0", "0.0.0.0:8080"),
            ("[::1]", "[::1]:8080"),
            ("[::]:80", "[::]:80"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(address), "{text}");
        }
        assert!(read("example.org:80").is_err() && read("99999").is_err() && read("").is_err());
    }

    #[test]
    fn times_are_read_and_written() {
        for (text, seconds, written) in [("30d", 2_592_000, "30d"), ("48h", 172_800, "2d"), ("90 s", 90, "90s")] {
            let age: Age = text.parse().unwrap();
            assert_eq!((age.0.as_secs(), age.to_string().as_str()), (seconds, written));
        }
        for wrong in ["", "30", "0d", "d", "-1d", "99999999999999999999d", "1y"] {
            assert!(wrong.parse::<Age>().is_err(), "{wrong}");
        }
        assert!("ftp://a".parse::<PublicUrl>().is_err() && "https://a.b/c".parse::<PublicUrl>().is_err());
        assert!("https://art.example.org".parse::<PublicUrl>().is_ok());
    }

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
        let in_file = toml::from_str::<Options>(&all.map(line).concat()).unwrap().with_elsewhere();
        assert_eq!(in_file, given);
        assert_eq!(Options::default().or(in_file), given);
        assert_eq!(given.clone().or(Options::default()), given);
    }

    #[test]
    fn stronger_sources_win() {
        let of = |text: &str| toml::from_str::<Options>(text).unwrap();
        let both = of("workers = 2").or(of("workers = 3\nlisten = \"8081\"\n[settings]\nquality = \"draft\""));
        assert_eq!((both.workers, both.listen), (Some(2), Some("8081".parse().unwrap())));
        assert!(both.settings.quality.is_some());
        assert!(toml::from_str::<Options>("worker = 2").is_err());
        let far = of("database = \"postgres://art:secret@db/art\"\nstorage = \"s3://art/a\"").with_elsewhere();
        let both = Options::default().or(far);
        assert!(both.elsewhere.database.is_some_and(|address| address.has_password()));
        assert_eq!(both.elsewhere.storage.map(|bucket| bucket.to_string()).as_deref(), Some("s3://art/a"));
        let wrong = toml::from_str::<Options>("database = \"mysql://art:secret@db/art\"").unwrap_err();
        assert!(!wrong.message().contains("secret"), "{}", wrong.message());
        assert!(toml::from_str::<Options>("mail_lease = nan").is_err(), "a file has no hidden options");
    }
}
