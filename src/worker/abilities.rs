//! What a worker reports about itself, so that each job finds a worker that can draw it.

use super::setup::Setup;
use crate::PROGRAM;
use crate::database::Id;
use crate::error::Result;
use crate::machine;
use crate::models::Finder;
use crate::models::manifest::Manifest;
use crate::progress::Stop;
use crate::queue::WorkerInfo;

/// What a worker with this setup reports about itself. Looks for models on the disk.
///
/// # Errors
///
/// If the system has no random numbers.
pub(super) fn info(setup: &Setup) -> Result<WorkerInfo> {
    let models = models();
    let total = machine::memory().map_or(0, |memory| memory.total);
    let memory = total / setup.slots.max(1) as u64;
    let instructions = machine::instruction_set();
    let abilities = abilities(setup, instructions, memory, &models);
    Ok(WorkerInfo {
        id: Id::random()?.to_string(),
        host: sysinfo::System::host_name().unwrap_or_else(|| "unknown".to_owned()),
        pid: std::process::id(),
        version: PROGRAM.to_owned(),
        device: setup.device.clone(),
        slots: u32::try_from(setup.slots).unwrap_or(u32::MAX),
        instructions: instructions.to_owned(),
        models,
        memory,
        abilities,
    })
}

/// What decides which jobs a worker can draw: its version, which determines drawers and settings; its device; its memory, in
/// GiB; and its models, unless it can download all models.
fn abilities(setup: &Setup, instructions: &str, memory: u64, models: &[String]) -> String {
    let models = if setup.offline { models.join(" ") } else { "all models".to_owned() };
    format!("{PROGRAM}; {}; {instructions}; {} GiB; {models}", setup.device, memory >> 30)
}

/// The published models that this machine has. A model that cannot be checked counts as missing.
fn models() -> Vec<String> {
    let (stop, silent) = (Stop::default(), |_| {});
    let finder = Finder::new(true, &stop, &silent);
    let Ok(manifest) = Manifest::get() else { return Vec::new() };
    let here = manifest.models().iter().filter(|entry| finder.is_here(entry).unwrap_or(false));
    here.map(|entry| entry.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::tests::{Bench, within};

    #[test]
    fn workers_differ_by_what_they_can_draw() {
        within(async {
            let bench = Bench::new().await;
            let setup = Setup::new(bench.queue.clone(), bench.objects.clone(), bench.join("work"), 1, None).unwrap();
            let of = |setup: &Setup, memory: u64, models: &[&str]| {
                let models: Vec<String> = models.iter().map(|name| (*name).to_owned()).collect();
                abilities(setup, "avx2", memory, &models)
            };
            let offline = Setup { offline: true, ..setup.clone() };
            assert_eq!(of(&setup, 1 << 33, &[]), of(&setup, (1 << 33) + 7, &["vit-b32"]));
            assert_ne!(of(&setup, 1 << 33, &[]), of(&setup, 1 << 34, &[]));
            assert_ne!(of(&offline, 1 << 33, &[]), of(&offline, 1 << 33, &["vit-b32"]));
            assert_ne!(of(&offline, 1 << 33, &[]), of(&setup, 1 << 33, &[]));
            let info = info(&setup).unwrap();
            assert!(info.abilities.contains(PROGRAM) && info.slots == 1 && !info.instructions.is_empty(), "{info:?}");
        });
    }
}
