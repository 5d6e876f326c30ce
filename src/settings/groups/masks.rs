//! The options for parts of a picture.

group! {
    masks "Masks" {
        setting mask: optional crate::settings::Mask {
            /// Limit the prompts to a part of the picture: the white area of an image, or a side such as left:0.3;
            /// `none` removes the mask
            ///
            /// Black and transparent parts of the image are outside, and gray is in between. The image is resized and
            /// cropped like --init-image. A side is left, right, top or bottom, with its share of the picture, which is
            /// half if none is given.
            ///
            /// PROMPT, --label, --image-prompt and --noise-prompt act inside the mask. Other prompts can act outside
            /// (--prompt-outside). Without them, the outside is kept: it stays exactly as it is in --init-image, or
            /// close to the first picture if there is no such image.
            ///
            /// For a file named `none`, write `./none`.
            value: "FILE|SIDE",
            arg: |argument| argument.value_parser(clap::value_parser!(crate::settings::OrNone<crate::settings::Mask>)),
        },
        setting prompt_outside: maybe crate::settings::Prompts {
            /// What the picture should look like outside --mask, written like PROMPT
            ///
            /// Each CLIP model then judges two sets of cutouts, which takes twice as long.
            value: "TEXT",
            by: Requests,
        },
        setting mask_feather: maybe usize {
            /// Width of the soft edge between the inside of --mask and a kept --init-image, in pixels
            ///
            /// The edge lies inside the mask: what the mask leaves out does not change. With --upscale, the edge grows
            /// with the picture.
            value: "N",
            arg: whole_number,
            shown: "a 32nd of the shorter side; 0 for cells and few colors",
            range: Range::whole(0, 1024),
            by: Requests,
        },
    }
}
