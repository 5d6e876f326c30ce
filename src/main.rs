//! The `text2art` program.

fn main() -> std::process::ExitCode {
    text2art::cli::main()
}
