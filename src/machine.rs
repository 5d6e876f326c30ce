//! The machine's memory, processor and instruction set.

use std::sync::atomic::{AtomicU64, Ordering};

use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

/// A machine's memory, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct MachineMemory {
    /// All memory, or all that a container allows
    pub total: u64,
    /// Memory that is free at this moment
    pub available: u64,
}

/// The machine's memory, if the system reports it.
#[must_use]
pub fn memory() -> Option<MachineMemory> {
    let kind = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(kind);
    let mut memory = MachineMemory { total: system.total_memory(), available: system.available_memory() };
    // The system has no /proc. The limits below would take this for an error of the caller and panic.
    if memory.total == 0 {
        return None;
    }
    if let Some(limits) = system.cgroup_limits().filter(|limits| limits.total_memory > 0) {
        memory.total = memory.total.min(limits.total_memory);
        memory.available = memory.available.min(limits.free_memory);
    }
    Some(memory)
}

/// The most memory that this process should take, in bytes.
static ALLOWED: AtomicU64 = AtomicU64::new(u64::MAX);

/// Limits the memory that this process takes from now on, wherever the amount is known in advance.
pub fn limit_memory(bytes: u64) {
    ALLOWED.store(bytes, Ordering::Relaxed);
}

/// The most memory that this process should take, in bytes, if a limit was set.
#[must_use]
pub fn allowed_memory() -> Option<u64> {
    Some(ALLOWED.load(Ordering::Relaxed)).filter(|bytes| *bytes < u64::MAX)
}

/// How much of the machine's memory this process can have, in bytes: all of it, or as much as its address space has
/// room for (`ulimit -v`).
#[must_use]
pub fn room() -> Option<u64> {
    let total = memory().map(|memory| memory.total);
    match (total, address_space()) {
        (Some(total), Some(space)) => Some(total.min(space)),
        (total, space) => total.or(space),
    }
}

/// The bytes that this process holds and can still get, if the size of its address space is limited and the system
/// reports it (`proc(5)`).
#[must_use]
pub fn address_space() -> Option<u64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let limit = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    let limit: u64 = limit.split_whitespace().next()?.parse().ok()?;
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    // The pages of the program itself hold no data. Old kernels do not count them apart.
    let held = kibibytes(&status, "RssAnon:").or_else(|| kibibytes(&status, "VmRSS:"))?;
    let mapped = kibibytes(&status, "VmSize:")?;
    Some(limit.saturating_sub(mapped * 1024).saturating_add(held * 1024))
}

/// A number from `/proc/self/status`.
fn kibibytes(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// An amount of memory as people write it.
#[must_use]
pub fn in_words(bytes: u64) -> String {
    #[allow(clippy::cast_precision_loss)]
    let mebibytes = bytes as f64 / f64::from(1 << 20);
    if mebibytes < 1000.0 { format!("{mebibytes:.0} MiB") } else { format!("{:.1} GiB", mebibytes / 1024.0) }
}

/// The processor's name, as the system reports it.
#[must_use]
pub fn processor() -> String {
    let kind = RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing());
    let system = System::new_with_specifics(kind);
    let name = system.cpus().first().map(|processor| processor.brand().trim().to_owned());
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

/// The widest instructions that matrix products can use here.
#[must_use]
pub fn instruction_set() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx512f") {
            return "AVX-512";
        }
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
            return "AVX2 and FMA";
        }
        "SSE2"
    }
    #[cfg(target_arch = "aarch64")]
    {
        "NEON"
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        "none"
    }
}

/// The most memory that this process held at a time since it started or since the last reset, in bytes; none if the
/// system does not report it (`VmHWM` of `proc(5)`).
#[must_use]
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    Some(kibibytes(&status, "VmHWM:")? * 1024)
}

/// Restarts [`peak_memory`], if the system can (`clear_refs` of `proc(5)`).
pub fn reset_peak_memory() {
    // If this fails, peaks are those since the start.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}
