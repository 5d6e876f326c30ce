//! `serve admin user`: adds, lists, changes and removes users.

use clap::Subcommand;
use serde_json::json;

use super::invitation::Address;
use super::{Place, acts, no_user, password};
use crate::accounts::{Changes, Limits, NewUser, RESET_LASTS, Role, User};
use crate::cli::terminal::{line, stdout};
use crate::cli::verbs::serve::options::keep::Age;
use crate::server::{reset_link, rfc3339};
use crate::{Error, Result};

/// What to do with users.
#[derive(Subcommand)]
pub(super) enum Verb {
    /// Add a user
    ///
    /// Asks for the password, or reads a line from standard input if standard input is not a terminal.
    Add(Add),
    /// List all users
    List(List),
    /// Change the role or the limits of a user
    Change(Change),
    /// Give a user a new password, and end the user's sessions
    Password(Name),
    /// Print a one-time link for a user to set a new password
    Reset(Reset),
    /// Lock a user out: tokens are refused, and sessions end. The user's jobs stay in the queue
    Disable(Name),
    /// Let a locked-out user in again
    Enable(Name),
    /// Remove a user, and cancel the user's jobs. Finished pictures are kept until `retention` deletes them
    Remove(Name),
}

/// Arguments of `user add`.
#[derive(clap::Args)]
pub(super) struct Add {
    /// Name for the login: lowercase letters, digits, hyphens, underscores and dots
    #[arg(value_name = "NAME")]
    name: String,
    /// Do not ask for a password: the user can only use tokens
    #[arg(long)]
    no_password: bool,
    #[command(flatten)]
    fields: Fields,
}

/// Arguments of `user change`.
#[derive(clap::Args)]
pub(super) struct Change {
    /// Name of the user
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    fields: Fields,
}

/// Arguments of `user list`.
#[derive(clap::Args)]
pub(super) struct List {
    /// Print a JSON list
    #[arg(long)]
    json: bool,
}

/// A user.
#[derive(clap::Args)]
pub(super) struct Name {
    /// Name of the user
    #[arg(value_name = "NAME")]
    name: String,
}

/// Arguments of `user reset`.
#[derive(clap::Args)]
pub(super) struct Reset {
    /// Name of the user
    #[arg(value_name = "NAME")]
    name: String,
    /// Time until the link becomes invalid, such as 30m or 1d [default: 1h]
    #[arg(long, value_name = "TIME")]
    expires: Option<Age>,
    #[command(flatten)]
    address: Address,
}

/// What can be set of a user.
#[derive(clap::Args)]
struct Fields {
    /// Role of the user [default: user, or the present role]
    #[arg(long, value_enum, value_name = "ROLE")]
    role: Option<RoleArgument>,
    /// Share of the queue, 1 to 100: a user with weight 3 gets three pictures for every one that a user with weight 1 gets
    #[arg(long, value_name = "N")]
    weight: Option<u32>,
    /// Maximum number of waiting jobs, 1 to 10000
    #[arg(long, value_name = "N")]
    max_waiting: Option<u32>,
    /// Maximum number of jobs drawn at once, 1 to 1000
    #[arg(long, value_name = "N")]
    max_running: Option<u32>,
    /// Email address
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
}

/// A role on the command line.
#[derive(Clone, Copy, clap::ValueEnum)]
enum RoleArgument {
    /// Can create pictures, and manage their own
    User,
    /// Can also manage the queue, all jobs and the gallery
    Operator,
    /// Can also add, change and disable users
    Admin,
}

impl From<RoleArgument> for Role {
    fn from(role: RoleArgument) -> Self {
        match role {
            RoleArgument::User => Self::User,
            RoleArgument::Operator => Self::Operator,
            RoleArgument::Admin => Self::Admin,
        }
    }
}

pub(super) async fn run(verb: &Verb, place: &Place<'_>) -> anyhow::Result<()> {
    match verb {
        Verb::Add(arguments) => add(arguments, place).await,
        Verb::List(arguments) => list(arguments, place).await,
        Verb::Change(arguments) => change(arguments, place).await,
        Verb::Password(Name { name }) => set_password(name, place).await,
        Verb::Reset(arguments) => reset(arguments, place).await,
        Verb::Disable(Name { name }) => set_disabled(name, true, place).await,
        Verb::Enable(Name { name }) => set_disabled(name, false, place).await,
        Verb::Remove(Name { name }) => remove(name, place).await,
    }
}

async fn add(arguments: &Add, place: &Place<'_>) -> anyhow::Result<()> {
    let fields = &arguments.fields;
    let usual = Limits::default();
    let mut user = NewUser {
        email: fields.email.clone(),
        role: fields.role.map_or(Role::User, Role::from),
        limits: Limits {
            weight: fields.weight.unwrap_or(usual.weight),
            max_waiting: fields.max_waiting.unwrap_or(usual.max_waiting),
            max_running: fields.max_running.unwrap_or(usual.max_running),
        },
        ..NewUser::new(&arguments.name, None)
    };
    // What is wrong is said before anybody types a password.
    user.check()?;
    let data = place.new_data().await?;
    if data.accounts.user(&user.name).await?.is_none() && !arguments.no_password {
        user.password = Some(password::read(place.stop)?);
    }
    let added = acts(&data).add_user(&user).await?;
    let taken = || Error::usage(format!("there is a user `{}` already", user.name), "choose another name");
    let user = added.ok_or_else(taken)?;
    data.close().await;
    stdout::print_line(&format!("added {} as {}", user.name, user.role.as_str()))
}

async fn list(arguments: &List, place: &Place<'_>) -> anyhow::Result<()> {
    let data = place.data().await?;
    let users = data.accounts.users().await?;
    data.close().await;
    if arguments.json {
        let users: Vec<_> = users.iter().map(in_json).collect();
        return stdout::print_json(&users);
    }
    for User { name, role, limits, disabled, created, .. } in &users {
        let Limits { weight, max_waiting, max_running } = limits;
        let state = if *disabled { "disabled" } else { "enabled" };
        stdout::print_line(&format!(
            "{name:20} {:8} {state:8}  weight {weight}, {max_waiting} waiting, {max_running} running  since {}",
            role.as_str(),
            rfc3339(*created)
        ))?;
    }
    Ok(())
}

fn in_json(user: &User) -> serde_json::Value {
    json!({
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "role": user.role,
        "weight": user.limits.weight,
        "max_waiting": user.limits.max_waiting,
        "max_running": user.limits.max_running,
        "disabled": user.disabled,
        "created": rfc3339(user.created),
    })
}

async fn change(arguments: &Change, place: &Place<'_>) -> anyhow::Result<()> {
    let Fields { role, weight, max_waiting, max_running, email } = &arguments.fields;
    let changes = Changes {
        email: email.clone(),
        role: role.map(Role::from),
        weight: *weight,
        max_waiting: *max_waiting,
        max_running: *max_running,
        disabled: None,
    };
    let data = place.data().await?;
    let changed = acts(&data).change_user(&arguments.name, &changes).await?;
    let user = changed.ok_or_else(|| no_user(&arguments.name))?;
    data.close().await;
    stdout::print_line(&format!("changed {}", user.name))
}

async fn set_password(name: &str, place: &Place<'_>) -> anyhow::Result<()> {
    let data = place.data().await?;
    data.accounts.user(name).await?.ok_or_else(|| no_user(name))?;
    let password = password::read(place.stop)?;
    if !acts(&data).set_password(name, &password).await? {
        return Err(no_user(name).into());
    }
    data.close().await;
    stdout::print_line(&format!("changed the password of {name}"))
}

async fn reset(arguments: &Reset, place: &Place<'_>) -> anyhow::Result<()> {
    let data = place.data().await?;
    let user = of_name(&arguments.name, &data).await?;
    if user.disabled {
        let hint = format!("let the user in with `text2art serve admin user enable {}` first", user.name);
        return Err(Error::usage(format!("{} is disabled", user.name), hint).into());
    }
    let secret = acts(&data).begin_reset(&user, arguments.expires.map_or(RESET_LASTS, Age::duration)).await?;
    data.close().await;
    line(&format!("a link for {} to set a new password; it cannot be shown again:", user.name));
    stdout::print_line(&reset_link(&arguments.address.of(place), secret.reveal()))
}

async fn set_disabled(name: &str, disabled: bool, place: &Place<'_>) -> anyhow::Result<()> {
    let data = place.data().await?;
    let changes = Changes { disabled: Some(disabled), ..Changes::default() };
    acts(&data).change_user(name, &changes).await?.ok_or_else(|| no_user(name))?;
    let word = if disabled { "disabled" } else { "enabled" };
    data.close().await;
    stdout::print_line(&format!("{word} {name}"))
}

async fn remove(name: &str, place: &Place<'_>) -> anyhow::Result<()> {
    let data = place.data().await?;
    let canceled = acts(&data).remove_user(name).await?.ok_or_else(|| no_user(name))?;
    let jobs = crate::text::counted(canceled.len(), "job");
    data.close().await;
    stdout::print_line(&format!("removed {name}, and canceled {jobs}"))
}

/// Looks up a user by name.
pub(super) async fn of_name(name: &str, data: &crate::server::Data) -> Result<User> {
    data.accounts.user(name).await?.ok_or_else(|| no_user(name))
}
