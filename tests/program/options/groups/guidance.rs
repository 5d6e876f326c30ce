//! The cases of the options that the help lists under "Guidance".

use crate::options::Group;

pub(super) const CASES: Group = (
    "guidance",
    &[
        ("--cutouts", &["apple --dry-run --cutouts 3", "apple --cutouts 0", "apple --cutouts -1"]),
        (
            "--cut-batch",
            &[
                "apple --dry-run --cut-batch 3",
                "apple --dry-run --cut-batch auto --cutouts 40",
                "apple --cut-batch 0",
                "apple --cut-batch all",
            ],
        ),
        (
            "--augment",
            &["apple --dry-run --augment flip,crop", "apple --dry-run --augment none", "apple --augment crop,flipp"],
        ),
        ("--cut-noise", &["apple --dry-run --cut-noise 0.2", "apple --cut-noise -1", "apple --cut-noise much"]),
        (
            "--zooms",
            &[
                "apple --dry-run --zooms 0.25,0.75@40%",
                "apple --dry-run --zooms 1",
                "apple --zooms 1.5",
                "apple --zooms 0.25,0.75",
                "apple --zooms most",
            ],
        ),
        (
            "--cut-power",
            &["apple --dry-run --cut-power 2,0.5@30", "apple --cut-power 0", "apple --cut-power 2,0.5@120%"],
        ),
        (
            "--center-bias",
            &[
                "apple --dry-run --center-bias 2",
                "apple --dry-run --center-bias 0",
                "apple --center-bias 11",
                "apple --center-bias left",
            ],
        ),
        (
            "--loss",
            &[
                "apple --dry-run --loss saturation:0.5,border=navy --loss symmetry-half-turn",
                "apple --dry-run --loss none",
                "apple --loss symetry:1",
                "apple --loss saturation:nan",
                "apple --loss border:-1",
                "apple --loss border=nawy",
                "apple --dry-run --loss border=photo.png:0.5",
                "apple --loss border=none.png",
                "apple --loss border=text.png",
                "apple --loss tv,tv:2",
                "apple --loss none,tv",
                "apple --loss smoothness --smoothness 0.5",
                "apple --tile --loss border=navy",
                "apple --tile --loss vignette",
                "apple --dry-run --tile --loss border:0",
                "apple --dry-run --loss style=photo.png:0.5",
                "apple --loss style",
                "apple --loss style=none.png",
                "apple --loss style=photo.png:-1",
                "apple --dry-run --loss aesthetic:0",
                "apple --loss aesthetic",
                "apple --loss",
            ],
        ),
        ("--optimizer", &["apple --dry-run --optimizer radam", "apple --optimizer adm", "apple --optimizer sgd"]),
        (
            "--momentum",
            &[
                "apple --dry-run --momentum 0",
                "apple --momentum 1",
                "apple --momentum much",
                "apple --momentum 0.5 --optimizer adagrad",
            ],
        ),
        ("--learning-rate", &["apple --dry-run --learning-rate 0.2", "apple --learning-rate 0"]),
        (
            "--learning-rate-drops",
            &[
                "apple --dry-run --learning-rate-drops 50%,80",
                "apple --dry-run --learning-rate-drops none",
                "apple --learning-rate-drops 120%",
            ],
        ),
        (
            "--average",
            &[
                "apple --dry-run --average 0.9",
                "apple --dry-run --average 0",
                "apple --average 1",
                "apple --average half",
            ],
        ),
    ],
);
