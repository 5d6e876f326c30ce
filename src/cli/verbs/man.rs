//! `text2art man`: the manual page.

use crate::cli::options::help;
use crate::cli::terminal::stdout;
use crate::cli::topics;

pub(in crate::cli) fn run() -> anyhow::Result<()> {
    let mut page = Vec::new();
    let command = help::command(false);
    // The topics have a section of their own.
    clap_mangen::Man::new(command.clone().after_help(help::EXAMPLES)).render(&mut page)?;
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "generate") {
        page.extend(section(verb)?);
    }
    page.extend(topics::section().bytes());
    stdout::print(&page)
}

/// A verb's options, as a section of the page.
fn section(verb: &clap::Command) -> std::io::Result<Vec<u8>> {
    let mut section = format!(".SH \"TEXT2ART {}\"\n", verb.get_name().to_uppercase()).into_bytes();
    let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
    section.extend(format!("{about}.\n").bytes());
    if verb.get_name() == "animate" {
        // All options are listed above.
        section.extend(b"It takes the options for drawing a picture.\n");
        return Ok(section);
    }
    let mut options = Vec::new();
    clap_mangen::Man::new(verb.clone()).render_options_section(&mut options)?;
    let text = String::from_utf8_lossy(&options).replace(".SH OPTIONS\n", "");
    section.extend(text.bytes());
    Ok(section)
}
