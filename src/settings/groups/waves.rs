//! The options of the drawer of waves.

group! {
    waves "Waves" {
        setting decay: maybe f64 {
            /// How quickly waves get weaker as they get shorter; more makes softer pictures
            value: "X",
            arg: number,
            shown: "1.5",
            range: Range::new(0.0, 4.0),
            by: Requests,
        },
        setting colorfulness: maybe f64 {
            /// How strong hues are beside brightness
            value: "X",
            arg: number,
            shown: "1.8",
            range: Range::new(0.1, 10.0),
            by: Requests,
        },
        setting contrast: maybe f64 {
            /// Contrast of waves that start from --init-noise codes
            ///
            /// Waves that start from a picture have its contrast.
            value: "X",
            arg: number,
            shown: "1.1",
            range: Range::new(0.01, 10.0),
            by: Requests,
        },
        setting sharpness: maybe f64 {
            /// How strongly to increase the differences between neighboring pixels
            value: "WEIGHT",
            arg: number,
            shown: "0",
            range: Range::new(0.0, 1000.0),
            by: Requests,
        },
    }
}
