//! The names and shapes of published models' tensors, from their own programs: taming-transformers'
//! `modules/diffusionmodules/model.py`, diffusers' `VQModel`, OpenAI's `clip/model.py`, transformers' `CLIPModel`. The
//! depths are the published ones, and with `Widths::Real` so are the widths.

use super::noise;

/// A tensor's name and shape.
pub type Tensors = Vec<(String, Vec<usize>)>;

/// How wide the networks are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Widths {
    /// As published
    Real,
    /// As small as the structure allows
    Small,
}

impl Widths {
    fn of(self, real: usize, small: usize) -> usize {
        if self == Self::Real { real } else { small }
    }
}

/// Collects tensors.
#[derive(Default)]
struct List(Tensors);

impl List {
    fn add(&mut self, name: impl Into<String>, shape: &[usize]) {
        self.0.push((name.into(), shape.to_vec()));
    }

    /// A layer with a weight of this shape and a bias.
    fn layer(&mut self, name: &str, shape: &[usize]) {
        self.add(format!("{name}.weight"), shape);
        self.add(format!("{name}.bias"), &shape[..1]);
    }

    fn convolution(&mut self, name: &str, outputs: usize, inputs: usize, side: usize) {
        self.layer(name, &[outputs, inputs, side, side]);
    }
}

/// A VQGAN from taming-transformers.
pub struct Taming {
    pub channels: usize,
    pub factors: Vec<usize>,
    pub attention_at: usize,
    pub resolution: usize,
    pub latent: usize,
    pub codes: usize,
    pub gumbel: bool,
}

impl Taming {
    /// The models for `ImageNet` and `WikiArt`: factor 16.
    pub fn f16(widths: Widths, codes: usize) -> Self {
        Self {
            channels: widths.of(128, 32),
            factors: vec![1, 1, 2, 2, 4],
            attention_at: 16,
            resolution: 256,
            latent: widths.of(256, 32),
            codes: widths.of(codes, 64),
            gumbel: false,
        }
    }

    /// Sber's model: factor 8, with a Gumbel codebook.
    pub fn gumbel_f8(widths: Widths) -> Self {
        let (factors, attention_at, gumbel) = (vec![1, 1, 2, 4], 32, true);
        Self { factors, attention_at, gumbel, ..Self::f16(widths, 8192) }
    }

    fn has_attention(&self, level: usize) -> bool {
        self.resolution >> level == self.attention_at
    }

    pub fn tensors(&self) -> Tensors {
        let mut list = List::default();
        let widths: Vec<usize> = self.factors.iter().map(|factor| self.channels * factor).collect();
        let last = widths[widths.len() - 1];
        list.convolution("encoder.conv_in", self.channels, 3, 3);
        let mut inputs = self.channels;
        for (level, &width) in widths.iter().enumerate() {
            for block in 0..2 {
                taming_block(&mut list, &format!("encoder.down.{level}.block.{block}"), inputs, width);
                inputs = width;
                if self.has_attention(level) {
                    taming_attention(&mut list, &format!("encoder.down.{level}.attn.{block}"), width);
                }
            }
            if level + 1 < widths.len() {
                list.convolution(&format!("encoder.down.{level}.downsample.conv"), width, width, 3);
            }
        }
        for side in ["encoder", "decoder"] {
            taming_block(&mut list, &format!("{side}.mid.block_1"), last, last);
            taming_attention(&mut list, &format!("{side}.mid.attn_1"), last);
            taming_block(&mut list, &format!("{side}.mid.block_2"), last, last);
        }
        list.layer("encoder.norm_out", &[last]);
        list.convolution("encoder.conv_out", self.latent, last, 3);
        list.convolution("decoder.conv_in", last, self.latent, 3);
        let mut inputs = last;
        for (level, &width) in widths.iter().enumerate().rev() {
            for block in 0..3 {
                taming_block(&mut list, &format!("decoder.up.{level}.block.{block}"), inputs, width);
                inputs = width;
                if self.has_attention(level) {
                    taming_attention(&mut list, &format!("decoder.up.{level}.attn.{block}"), width);
                }
            }
            if level > 0 {
                list.convolution(&format!("decoder.up.{level}.upsample.conv"), width, width, 3);
            }
        }
        list.layer("decoder.norm_out", &[inputs]);
        list.convolution("decoder.conv_out", 3, inputs, 3);
        list.convolution("quant_conv", self.latent, self.latent, 1);
        list.convolution("post_quant_conv", self.latent, self.latent, 1);
        if self.gumbel {
            list.convolution("quantize.proj", self.codes, self.latent, 1);
            list.add("quantize.embed.weight", &[self.codes, self.latent]);
        } else {
            list.add("quantize.embedding.weight", &[self.codes, self.latent]);
        }
        list.0
    }

    /// Tensors that training leaves in a checkpoint.
    pub fn leftovers() -> Tensors {
        let mut list = List::default();
        list.convolution("loss.discriminator.main.0", 8, 3, 4);
        list.add("loss.perceptual_loss.lin0.model.1.weight", &[1, 8, 1, 1]);
        list.0
    }

    /// The entries of `ddconfig`, and those next to it.
    pub fn config(&self) -> (serde_json::Value, serde_json::Value) {
        let network = serde_json::json!({
            "double_z": false, "z_channels": self.latent, "resolution": self.resolution, "in_channels": 3, "out_ch": 3,
            "ch": self.channels, "ch_mult": self.factors, "num_res_blocks": 2, "attn_resolutions": [self.attention_at],
            "dropout": 0.0,
        });
        (network, serde_json::json!({ "embed_dim": self.latent, "n_embed": self.codes }))
    }
}

fn taming_block(list: &mut List, name: &str, inputs: usize, width: usize) {
    list.layer(&format!("{name}.norm1"), &[inputs]);
    list.convolution(&format!("{name}.conv1"), width, inputs, 3);
    list.layer(&format!("{name}.norm2"), &[width]);
    list.convolution(&format!("{name}.conv2"), width, width, 3);
    if inputs != width {
        list.convolution(&format!("{name}.nin_shortcut"), width, inputs, 1);
    }
}

fn taming_attention(list: &mut List, name: &str, width: usize) {
    list.layer(&format!("{name}.norm"), &[width]);
    for part in ["q", "k", "v", "proj_out"] {
        list.convolution(&format!("{name}.{part}"), width, width, 1);
    }
}

/// aMUSEd's VQGAN: channels of its levels, of its latent, and codes.
pub fn amused(widths: Widths) -> (Tensors, serde_json::Value) {
    let channels = [128, 256, 256, 512, 768].map(|real| if widths == Widths::Real { real } else { real / 4 });
    let (latent, codes) = (widths.of(64, 16), widths.of(8192, 64));
    let last = channels[4];
    let mut list = List::default();
    let block = |list: &mut List, name: &str, inputs: usize, width: usize| {
        list.layer(&format!("{name}.norm1"), &[inputs]);
        list.convolution(&format!("{name}.conv1"), width, inputs, 3);
        list.layer(&format!("{name}.norm2"), &[width]);
        list.convolution(&format!("{name}.conv2"), width, width, 3);
        if inputs != width {
            list.convolution(&format!("{name}.conv_shortcut"), width, inputs, 1);
        }
    };
    list.convolution("encoder.conv_in", channels[0], 3, 3);
    let mut inputs = channels[0];
    for (level, &width) in channels.iter().enumerate() {
        for number in 0..2 {
            block(&mut list, &format!("encoder.down_blocks.{level}.resnets.{number}"), inputs, width);
            inputs = width;
        }
        if level < 4 {
            list.convolution(&format!("encoder.down_blocks.{level}.downsamplers.0.conv"), width, width, 3);
        }
    }
    for side in ["encoder", "decoder"] {
        for number in 0..2 {
            block(&mut list, &format!("{side}.mid_block.resnets.{number}"), last, last);
        }
    }
    list.layer("encoder.conv_norm_out", &[last]);
    list.convolution("encoder.conv_out", latent, last, 3);
    list.convolution("decoder.conv_in", last, latent, 3);
    let mut inputs = last;
    for (level, &width) in channels.iter().rev().enumerate() {
        for number in 0..3 {
            block(&mut list, &format!("decoder.up_blocks.{level}.resnets.{number}"), inputs, width);
            inputs = width;
        }
        if level < 4 {
            list.convolution(&format!("decoder.up_blocks.{level}.upsamplers.0.conv"), width, width, 3);
        }
    }
    list.layer("decoder.conv_norm_out", &[inputs]);
    list.convolution("decoder.conv_out", 3, inputs, 3);
    list.convolution("quant_conv", latent, latent, 1);
    list.convolution("post_quant_conv", latent, latent, 1);
    list.add("quantize.embedding.weight", &[codes, latent]);
    let config = serde_json::json!({
        "_class_name": "VQModel", "_diffusers_version": "0.23.0.dev0", "act_fn": "silu", "block_out_channels": channels,
        "down_block_types": vec!["DownEncoderBlock2D"; 5], "up_block_types": vec!["UpDecoderBlock2D"; 5], "force_upcast": true,
        "in_channels": 3, "out_channels": 3, "latent_channels": latent, "layers_per_block": 2,
        "lookup_from_codebook": true, "mid_block_add_attention": false, "norm_num_groups": 32, "norm_type": "group",
        "num_vq_embeddings": codes, "sample_size": 32, "scaling_factor": 0.18215, "vq_embed_dim": null,
    });
    (list.0, config)
}

/// The image half of an OpenAI CLIP.
pub enum Vision {
    /// Patches of this side, channels, blocks
    Transformer(usize, usize, usize),
    /// Channels of the first stage, blocks of each stage
    ResNet(usize, [usize; 4]),
}

/// An OpenAI CLIP.
pub struct OpenAi {
    pub vision: Vision,
    pub side: usize,
    pub features: usize,
    pub text: usize,
    pub vocabulary: usize,
    pub quick_gelu: bool,
}

/// Blocks of the text tower.
const TEXT_BLOCKS: usize = 12;
/// Tokens that it reads.
const CONTEXT: usize = 77;

impl OpenAi {
    /// The tensors, and `open_clip_config.json`.
    pub fn published(&self) -> (Tensors, serde_json::Value) {
        let mut list = List::default();
        let vision = match self.vision {
            Vision::Transformer(patch, width, blocks) => {
                let tokens = (self.side / patch).pow(2) + 1;
                list.add("visual.class_embedding", &[width]);
                list.add("visual.positional_embedding", &[tokens, width]);
                list.add("visual.proj", &[width, self.features]);
                list.add("visual.conv1.weight", &[width, 3, patch, patch]);
                list.layer("visual.ln_pre", &[width]);
                openai_blocks(&mut list, "visual.transformer", width, blocks);
                list.layer("visual.ln_post", &[width]);
                serde_json::json!({ "image_size": self.side, "layers": blocks, "width": width, "patch_size": patch })
            }
            Vision::ResNet(width, blocks) => {
                self.resnet(&mut list, width, blocks);
                serde_json::json!({ "image_size": self.side, "layers": blocks, "width": width, "patch_size": null })
            }
        };
        list.add("positional_embedding", &[CONTEXT, self.text]);
        list.add("text_projection", &[self.text, self.features]);
        list.add("logit_scale", &[]);
        list.add("token_embedding.weight", &[self.vocabulary, self.text]);
        openai_blocks(&mut list, "transformer", self.text, TEXT_BLOCKS);
        list.layer("ln_final", &[self.text]);
        let heads = (self.text / 64).max(1);
        let text = serde_json::json!({
            "context_length": CONTEXT, "vocab_size": self.vocabulary, "width": self.text, "heads": heads, "layers": TEXT_BLOCKS,
        });
        let mut model = serde_json::json!({ "embed_dim": self.features, "vision_cfg": vision, "text_cfg": text });
        if self.quick_gelu {
            model["quick_gelu"] = true.into();
        }
        let colours = serde_json::json!({
            "mean": [0.481_454_66, 0.457_827_5, 0.408_210_73], "std": [0.268_629_54, 0.261_302_6, 0.275_777_1],
            "interpolation": "bicubic", "resize_mode": "shortest",
        });
        (list.0, serde_json::json!({ "model_cfg": model, "preprocess_cfg": colours }))
    }

    fn resnet(&self, list: &mut List, width: usize, blocks: [usize; 4]) {
        let stem = [(width / 2, 3), (width / 2, width / 2), (width, width / 2)];
        for (index, (outputs, inputs)) in stem.into_iter().enumerate() {
            list.add(format!("visual.conv{}.weight", index + 1), &[outputs, inputs, 3, 3]);
            batch_norm(list, &format!("visual.bn{}", index + 1), outputs);
        }
        let mut inputs = width;
        for (stage, count) in blocks.into_iter().enumerate() {
            let inner = width << stage;
            for block in 0..count {
                let name = format!("visual.layer{}.{block}", stage + 1);
                for (number, shape) in
                    [[inner, inputs, 1, 1], [inner, inner, 3, 3], [inner * 4, inner, 1, 1]].into_iter().enumerate()
                {
                    list.add(format!("{name}.conv{}.weight", number + 1), &shape);
                    batch_norm(list, &format!("{name}.bn{}", number + 1), shape[0]);
                }
                if block == 0 {
                    list.add(format!("{name}.downsample.0.weight"), &[inner * 4, inputs, 1, 1]);
                    batch_norm(list, &format!("{name}.downsample.1"), inner * 4);
                }
                inputs = inner * 4;
            }
        }
        list.add("visual.attnpool.positional_embedding", &[(self.side / 32).pow(2) + 1, inputs]);
        for part in ["k_proj", "q_proj", "v_proj"] {
            list.layer(&format!("visual.attnpool.{part}"), &[inputs, inputs]);
        }
        list.layer("visual.attnpool.c_proj", &[self.features, inputs]);
    }
}

fn batch_norm(list: &mut List, name: &str, width: usize) {
    for part in ["weight", "bias", "running_mean", "running_var"] {
        list.add(format!("{name}.{part}"), &[width]);
    }
    list.add(format!("{name}.num_batches_tracked"), &[]);
}

fn openai_blocks(list: &mut List, tower: &str, width: usize, blocks: usize) {
    for block in 0..blocks {
        let name = format!("{tower}.resblocks.{block}");
        list.layer(&format!("{name}.ln_1"), &[width]);
        list.add(format!("{name}.attn.in_proj_weight"), &[3 * width, width]);
        list.add(format!("{name}.attn.in_proj_bias"), &[3 * width]);
        list.layer(&format!("{name}.attn.out_proj"), &[width, width]);
        list.layer(&format!("{name}.ln_2"), &[width]);
        list.layer(&format!("{name}.mlp.c_fc"), &[4 * width, width]);
        list.layer(&format!("{name}.mlp.c_proj"), &[width, 4 * width]);
    }
}

/// OpenAI's ViT-L/14 in Hugging Face's names, and its `config.json`.
pub fn hugging_face_l14(widths: Widths, vocabulary: usize) -> (Tensors, serde_json::Value) {
    let (width, text, features, side) =
        (widths.of(1024, 128), widths.of(768, 64), widths.of(768, 48), widths.of(224, 56));
    let (patch, blocks) = (14, 24);
    let mut list = List::default();
    list.add("logit_scale", &[]);
    list.add("text_model.embeddings.position_ids", &[1, CONTEXT]);
    list.add("text_model.embeddings.position_embedding.weight", &[CONTEXT, text]);
    list.add("text_model.embeddings.token_embedding.weight", &[vocabulary, text]);
    hugging_face_blocks(&mut list, "text_model", text, TEXT_BLOCKS);
    list.layer("text_model.final_layer_norm", &[text]);
    list.add("text_projection.weight", &[features, text]);
    let tokens = (side / patch).pow(2) + 1;
    list.add("vision_model.embeddings.class_embedding", &[width]);
    list.add("vision_model.embeddings.patch_embedding.weight", &[width, 3, patch, patch]);
    list.add("vision_model.embeddings.position_embedding.weight", &[tokens, width]);
    list.add("vision_model.embeddings.position_ids", &[1, tokens]);
    list.layer("vision_model.pre_layrnorm", &[width]);
    hugging_face_blocks(&mut list, "vision_model", width, blocks);
    list.layer("vision_model.post_layernorm", &[width]);
    list.add("visual_projection.weight", &[features, width]);
    let tower = |width: usize, layers: usize| {
        serde_json::json!({
            "hidden_size": width, "intermediate_size": 4 * width, "num_hidden_layers": layers,
            "num_attention_heads": (width / 64).max(1), "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5,
        })
    };
    let (mut text_tower, mut vision_tower) = (tower(text, TEXT_BLOCKS), tower(width, blocks));
    (text_tower["vocab_size"], text_tower["max_position_embeddings"]) = (vocabulary.into(), CONTEXT.into());
    text_tower["eos_token_id"] = 2.into();
    (vision_tower["image_size"], vision_tower["patch_size"]) = (side.into(), patch.into());
    let config = serde_json::json!({
        "architectures": ["CLIPModel"], "model_type": "clip", "projection_dim": features,
        "text_config": text_tower, "vision_config": vision_tower,
    });
    (list.0, config)
}

fn hugging_face_blocks(list: &mut List, tower: &str, width: usize, blocks: usize) {
    for block in 0..blocks {
        let name = format!("{tower}.encoder.layers.{block}");
        for part in ["k_proj", "v_proj", "q_proj", "out_proj"] {
            list.layer(&format!("{name}.self_attn.{part}"), &[width, width]);
        }
        list.layer(&format!("{name}.layer_norm1"), &[width]);
        list.layer(&format!("{name}.mlp.fc1"), &[4 * width, width]);
        list.layer(&format!("{name}.mlp.fc2"), &[width, 4 * width]);
        list.layer(&format!("{name}.layer_norm2"), &[width]);
    }
}

/// Random values that keep a network's numbers at one scale: matrices by their number of inputs, scales and variances
/// around one, the rest small.
pub fn values(name: &str, shape: &[usize], seed: u64) -> Vec<f32> {
    let count = shape.iter().product();
    let mut values = noise(count, seed);
    let scale = name.ends_with(".weight") || name.ends_with("running_var");
    #[allow(clippy::cast_precision_loss)]
    let inputs = shape.iter().skip(1).product::<usize>() as f32;
    for value in &mut values {
        *value = match shape.len() {
            0 => 4.6,
            1 if scale => 1.0 + 0.1 * *value,
            1 => 0.1 * *value,
            _ => *value * (3.0 / inputs).sqrt(),
        };
    }
    values
}

/// sentence-transformers' multilingual text tower, a `DistilBERT`, with its last layer.
pub fn multilingual(widths: Widths, vocabulary: usize, features: usize) -> (Tensors, Tensors, serde_json::Value) {
    let (width, positions) = (widths.of(768, 64), 512);
    let mut list = List::default();
    list.add("embeddings.word_embeddings.weight", &[vocabulary, width]);
    list.add("embeddings.position_embeddings.weight", &[positions, width]);
    list.layer("embeddings.LayerNorm", &[width]);
    for layer in 0..6 {
        let block = format!("transformer.layer.{layer}");
        for part in ["q_lin", "k_lin", "v_lin", "out_lin"] {
            list.layer(&format!("{block}.attention.{part}"), &[width, width]);
        }
        list.layer(&format!("{block}.sa_layer_norm"), &[width]);
        list.layer(&format!("{block}.ffn.lin1"), &[4 * width, width]);
        list.layer(&format!("{block}.ffn.lin2"), &[width, 4 * width]);
        list.layer(&format!("{block}.output_layer_norm"), &[width]);
    }
    let config = serde_json::json!({
        "model_type": "distilbert", "activation": "gelu", "dim": width, "hidden_dim": 4 * width, "n_heads": widths.of(12, 4),
        "n_layers": 6, "max_position_embeddings": positions, "vocab_size": vocabulary,
    });
    (list.0, vec![("linear.weight".into(), vec![features, width])], config)
}

/// Chinese-CLIP ViT-B/16.
pub fn chinese(widths: Widths, vocabulary: usize) -> (Tensors, serde_json::Value) {
    let (width, features, side) = (widths.of(768, 64), widths.of(512, 48), widths.of(224, 64));
    let mut list = List::default();
    list.add("logit_scale", &[]);
    list.add("text_model.embeddings.position_ids", &[1, 512]);
    list.add("text_model.embeddings.word_embeddings.weight", &[vocabulary, width]);
    list.add("text_model.embeddings.position_embeddings.weight", &[512, width]);
    list.add("text_model.embeddings.token_type_embeddings.weight", &[2, width]);
    list.layer("text_model.embeddings.LayerNorm", &[width]);
    for layer in 0..12 {
        let block = format!("text_model.encoder.layer.{layer}");
        for part in ["self.query", "self.key", "self.value", "output.dense"] {
            list.layer(&format!("{block}.attention.{part}"), &[width, width]);
        }
        list.layer(&format!("{block}.attention.output.LayerNorm"), &[width]);
        list.layer(&format!("{block}.intermediate.dense"), &[4 * width, width]);
        list.layer(&format!("{block}.output.dense"), &[width, 4 * width]);
        list.layer(&format!("{block}.output.LayerNorm"), &[width]);
    }
    list.add("vision_model.embeddings.class_embedding", &[width]);
    list.add("vision_model.embeddings.patch_embedding.weight", &[width, 3, 16, 16]);
    list.add("vision_model.embeddings.position_embedding.weight", &[(side / 16) * (side / 16) + 1, width]);
    for norm in ["pre_layrnorm", "post_layernorm"] {
        list.layer(&format!("vision_model.{norm}"), &[width]);
    }
    for layer in 0..12 {
        let block = format!("vision_model.encoder.layers.{layer}");
        for part in ["q_proj", "k_proj", "v_proj", "out_proj"] {
            list.layer(&format!("{block}.self_attn.{part}"), &[width, width]);
        }
        for norm in ["layer_norm1", "layer_norm2"] {
            list.layer(&format!("{block}.{norm}"), &[width]);
        }
        list.layer(&format!("{block}.mlp.fc1"), &[4 * width, width]);
        list.layer(&format!("{block}.mlp.fc2"), &[width, 4 * width]);
    }
    list.add("text_projection.weight", &[features, width]);
    list.add("visual_projection.weight", &[features, width]);
    let config = serde_json::json!({
        "model_type": "chinese_clip", "projection_dim": features,
        "text_config": {
            "vocab_size": vocabulary, "hidden_size": width, "intermediate_size": 4 * width, "num_hidden_layers": 12,
            "num_attention_heads": widths.of(12, 4), "max_position_embeddings": 512, "type_vocab_size": 2, "hidden_act": "gelu",
            "layer_norm_eps": 1e-12,
        },
        "vision_config": {
            "hidden_size": width, "intermediate_size": 4 * width, "num_hidden_layers": 12,
            "num_attention_heads": widths.of(12, 4), "image_size": side, "patch_size": 16, "hidden_act": "quick_gelu",
        },
    });
    (list.0, config)
}
