//! The cases of the verbs about the machine.

use crate::options::Group;

pub(super) const CASES: &[Group] = &[
    ("doctor", &[("--json", &["doctor --jsn"])]),
    (
        "bench",
        &[
            ("--work", &["bench --work c", "bench --work"]),
            ("--drawer", &["bench --drawer none"]),
            ("--vqgan", &["bench --vqgan none.json", "bench --vqgan settings.toml", "bench --vqgan text.json"]),
            ("--clip", &["bench --clip none.yaml", "bench --clip none"]),
            ("--size", &["bench --size big"]),
            ("--cutouts", &["bench --cutouts 0", "bench --cutouts -1"]),
            ("--cut-batch", &["bench --cut-batch some"]),
            ("--strokes", &["bench --strokes 0"]),
            ("--segments", &["bench --drawer strokes --segments 33"]),
            ("--repetitions", &["bench --repetitions 0"]),
            ("--device", &["bench --device gpu"]),
            ("--precision", &["bench --precision f16"]),
            ("--threads", &["bench --threads 0"]),
            ("--max-memory", &["bench --max-memory 1.2.3"]),
            ("--json", &["bench --json --size 0x1"]),
        ],
    ),
];
