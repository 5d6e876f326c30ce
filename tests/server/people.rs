//! Users of a server, as an operator adds them.

use crate::common::program::{Outcome, Workplace};

/// The password of all users.
pub const PASSWORD: &str = "correct horse battery";

/// Runs `serve admin` on the data of the workplace.
pub fn admin(place: &Workplace, arguments: &[&str]) -> Outcome {
    place.run(&[&["serve", "admin", "--data", "data"], arguments].concat())
}

/// Runs `serve admin` with a line of standard input.
#[cfg(unix)]
pub fn admin_with_line(place: &Workplace, line: &str, arguments: &[&str]) -> Outcome {
    let mut command = place.command_of("sh");
    command.args(["-c", "printf '%s\\n' \"$1\" | { shift; \"$@\"; }", "sh", line]);
    command.arg(place.command().get_program()).args(["serve", "admin", "--data", "data"]).args(arguments);
    crate::common::program::finish(&mut command)
}

/// Adds a user with a token of a scope, and returns the header with it.
pub fn user(place: &Workplace, name: &str, role: &str, scope: &str) -> String {
    admin(place, &["user", "add", name, "--no-password", "--role", role]).succeeded();
    token(place, name, scope)
}

/// Makes a token of a user, and returns the header with it.
pub fn token(place: &Workplace, name: &str, scope: &str) -> String {
    let made = admin(place, &["token", "add", name, "--scope", scope]).succeeded();
    format!("Bearer {}", made.output_text().trim())
}
