//! Tests of `PyTorch` files, with a small writer for them.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::Format;
use super::tests::{endures_damage, open, parts, refusal};

const ORDERED_DICT: &[u8] = b"ccollections\nOrderedDict\n)R";

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A file with a pickle and storages numbered from 0.
fn file(pickle: &[u8], storages: &[&[u8]]) -> Vec<u8> {
    let pickle = [b"\x80\x02", pickle, b"."].concat();
    let names: Vec<_> = (0..storages.len()).map(|number| format!("model/data/{number}")).collect();
    let mut entries = vec![("model/data.pkl", &pickle[..]), ("model/byteorder", b"little")];
    entries.extend(names.iter().map(String::as_str).zip(storages.iter().copied()));
    entries.push(("model/version", b"3\n"));
    archive(&entries)
}

pub(super) fn text(text: &str) -> Vec<u8> {
    [b"X", &u32::try_from(text.len()).unwrap().to_le_bytes()[..], text.as_bytes()].concat()
}

pub(super) fn number(number: usize) -> Vec<u8> {
    match (u8::try_from(number), i32::try_from(number)) {
        (Ok(number), _) => vec![b'K', number],
        (_, Ok(number)) => [b"J", &number.to_le_bytes()[..]].concat(),
        _ => [b"\x8a\x08", &number.to_le_bytes()[..]].concat(),
    }
}

pub(super) fn tuple(items: &[Vec<u8>]) -> Vec<u8> {
    [b"(", &items.concat()[..], b"t"].concat()
}

pub(super) fn numbers(values: &[usize]) -> Vec<u8> {
    tuple(&values.iter().map(|&value| number(value)).collect::<Vec<_>>())
}

/// A call of a function, given as module and name on separate lines.
pub(super) fn call(function: &str, arguments: &[Vec<u8>]) -> Vec<u8> {
    [b"c", function.as_bytes(), b"\n", &tuple(arguments)[..], b"R"].concat()
}

/// A view of a storage as `PyTorch` writes it.
pub(super) fn tensor(class: &str, storage: &str, offset: usize, shape: &[usize], strides: &[usize]) -> Vec<u8> {
    let class = format!("ctorch\n{class}\n").into_bytes();
    let id = tuple(&[text("storage"), class, text(storage), text("cpu"), number(99)]);
    let storage = [&id[..], b"Q"].concat();
    let hooks = ORDERED_DICT.to_vec();
    let arguments = [storage, number(offset), numbers(shape), numbers(strides), vec![0x89], hooks];
    call("torch._utils\n_rebuild_tensor_v2", &arguments)
}

fn floats(shape: &[usize], strides: &[usize]) -> Vec<u8> {
    tensor("FloatStorage", "0", 0, shape, strides)
}

/// A dictionary created by `start` and filled at once.
pub(super) fn dictionary(start: &[u8], entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let items: Vec<_> = entries.iter().map(|(key, value)| [text(key), value.clone()].concat()).collect();
    [start, b"(", &items.concat()[..], b"u"].concat()
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// 0, 1, 2, ...
pub(super) fn ramp(count: u8) -> Vec<u8> {
    bytes(&(0..count).map(f32::from).collect::<Vec<_>>())
}

#[test]
fn reads_a_state_dictionary() {
    let entries = [("b", floats(&[2, 3], &[3, 1])), ("a", tensor("FloatStorage", "1", 0, &[], &[]))];
    let state = dictionary(ORDERED_DICT, &entries);
    let metadata = dictionary(ORDERED_DICT, &[("", dictionary(b"}", &[("version", number(1))]))]);
    let state = [&state[..], b"}", &text("_metadata"), &metadata, b"sb"].concat();
    let file = open(&file(&state, &[&ramp(6), &bytes(&[0.5])])).unwrap();
    assert_eq!(file.format(), Format::Pickle);
    assert_eq!(file.names().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(file.shape("b"), Some(&[2, 3][..]));
    assert_eq!(file.read("b").unwrap(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(file.shape("a"), Some(&[][..]));
    assert_eq!(file.read("a").unwrap(), [0.5]);
}

#[test]
fn takes_the_state_dictionary_out_of_a_checkpoint() {
    let state = dictionary(ORDERED_DICT, &[("w", floats(&[2], &[1])), ("note", text("no tensor"))]);
    // Settings in a class derived from dict, filled by one item, by several, and with a state.
    let settings = b"cyacs.config\nCfgNode\n)\x81";
    let settings = [settings, &text("a")[..], b"K\x01s", b"(", &text("b"), b"K\x02u"].concat();
    let settings = [&settings[..], b"}b"].concat();
    let list = b"cmy\nList\n)\x81K\x01a(K\x02K\x03e".to_vec();
    let long_number = [&b"\x8a\x28"[..], &[0xff; 40]].concat();
    let checkpoint = dictionary(
        b"}",
        &[
            ("epoch", number(70_000)),
            ("other", floats(&[1], &[1])),
            ("settings", settings),
            ("list", list),
            ("long list", [&b"]"[..], &[&b"("[..], &b"K\x01".repeat(1000), b"e"].concat().repeat(300)].concat()),
            ("plain list", b"]K\x01a(K\x02K\x03e".to_vec()),
            ("seed", long_number),
            ("loss", [b"G", &0.5_f64.to_be_bytes()[..]].concat()),
            ("state_dict", state),
        ],
    );
    let file = open(&file(&checkpoint, &[&ramp(2)])).unwrap();
    assert_eq!(file.names().collect::<Vec<_>>(), ["w"]);
    assert_eq!(file.read("w").unwrap(), [0.0, 1.0]);
}

#[test]
fn reads_parameters_and_derived_tensors() {
    let memorized = [floats(&[2], &[1]), b"q\x07".to_vec()].concat();
    let hooks = || ORDERED_DICT.to_vec();
    let parameter = |function: &str, data: Vec<u8>| call(function, &[data, vec![0x88], hooks()]);
    let derived = call(
        "torch._tensor\n_rebuild_from_type_v2",
        &[
            b"ctorch._utils\n_rebuild_tensor_v2\n".to_vec(),
            b"cmy\nTensor\n".to_vec(),
            // The arguments of the call below, without the call.
            floats(&[2], &[1])[b"ctorch._utils\n_rebuild_tensor_v2\n".len()..].strip_suffix(b"R").unwrap().to_vec(),
            b"}".to_vec(),
        ],
    );
    let with_state = [parameter("torch._utils\n_rebuild_parameter", floats(&[2], &[1])), b"}b".to_vec()];
    let entries = [
        ("first", memorized),
        ("again", b"h\x07".to_vec()),
        ("parameter", parameter("torch._utils\n_rebuild_parameter", b"h\x07".to_vec())),
        ("state", parameter("torch._utils\n_rebuild_parameter_with_state", floats(&[2], &[1]))),
        ("built", with_state.concat()),
        ("derived", derived),
        ("sparse", call("torch._utils\n_rebuild_sparse_tensor", &[number(0)])),
        ("short", call("torch._utils\n_rebuild_parameter", &[])),
        ("shorter", call("torch._tensor\n_rebuild_from_type_v2", &[number(0)])),
    ];
    let file = open(&file(&dictionary(b"}", &entries), &[&ramp(2)])).unwrap();
    let names = ["again", "built", "derived", "first", "parameter", "state"];
    assert_eq!(file.names().collect::<Vec<_>>(), names);
    for name in names {
        assert_eq!(file.read(name).unwrap(), [0.0, 1.0], "{name}");
    }
}

#[test]
fn follows_strides_and_offsets() {
    let view = |offset, shape: &[usize], strides: &[usize]| {
        let view = tensor("FloatStorage", "0", offset, shape, strides);
        let file = open(&file(&dictionary(b"}", &[("x", view)]), &[&ramp(24)])).unwrap();
        assert_eq!(file.shape("x"), Some(shape));
        file.read("x").unwrap()
    };
    assert_eq!(view(0, &[3, 2], &[1, 3]), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
    assert_eq!(view(18, &[3, 2], &[1, 3]), [18.0, 21.0, 19.0, 22.0, 20.0, 23.0]);
    assert_eq!(view(5, &[2, 2], &[2, 1]), [5.0, 6.0, 7.0, 8.0]);
    assert_eq!(view(1, &[2, 2], &[10, 1]), [1.0, 2.0, 11.0, 12.0]);
    assert_eq!(view(0, &[3], &[5]), [0.0, 5.0, 10.0]);
    assert_eq!(view(4, &[2, 3], &[1, 0]), [4.0, 4.0, 4.0, 5.0, 5.0, 5.0]);
    assert_eq!(view(2, &[1, 2, 1], &[99, 1, 77]), [2.0, 3.0]);
    // [2, 3, 4] with its dimensions in the order 2, 0, 1.
    let permuted = view(0, &[4, 2, 3], &[1, 12, 4]);
    assert_eq!(permuted[..8], [0.0, 4.0, 8.0, 12.0, 16.0, 20.0, 1.0, 5.0]);
    assert!(view(1000, &[0, 3], &[3, 1]).is_empty());
    assert_eq!(view(23, &[], &[]), [23.0]);
}

#[test]
fn views_beyond_their_storage_are_refused() {
    let last = usize::try_from(i64::MAX).unwrap();
    for (offset, shape, strides) in [
        (0, &[25][..], &[1][..]),
        (24, &[1], &[1]),
        (24, &[], &[]),
        (1, &[2, 12], &[12, 1]),
        (0, &[2, 2], &[24, 1]),
        (last, &[1], &[1]),
        (0, &[last, last], &[1, 1]),
        (0, &[2, 2], &[last, last]),
        (0, &[1 << 40], &[0]),
        (0, &[2, 2], &[1]),
    ] {
        let view = tensor("FloatStorage", "0", offset, shape, strides);
        let content = file(&dictionary(b"}", &[("x", view)]), &[&ramp(24), &ramp(24)]);
        assert_eq!(refusal(&content).0, "has the tensor \"x\" outside its storage");
    }
}

#[test]
fn widens_every_storage_class() {
    let cases: [(&str, &[u8], f32); 10] = [
        ("DoubleStorage", &(-2.5_f64).to_le_bytes(), -2.5),
        ("FloatStorage", &(-2.5_f32).to_le_bytes(), -2.5),
        ("HalfStorage", &[0x00, 0xc1], -2.5),
        ("BFloat16Storage", &[0x20, 0xc0], -2.5),
        ("LongStorage", &(-3_i64).to_le_bytes(), -3.0),
        ("IntStorage", &(-3_i32).to_le_bytes(), -3.0),
        ("ShortStorage", &(-3_i16).to_le_bytes(), -3.0),
        ("CharStorage", &[0xfd], -3.0),
        ("ByteStorage", &[0xfd], 253.0),
        ("BoolStorage", &[1], 1.0),
    ];
    for (class, storage, expected) in cases {
        let entries = [("x", tensor(class, "0", 0, &[1], &[1]))];
        let file = open(&file(&dictionary(b"}", &entries), &[storage])).unwrap();
        assert_eq!(file.read("x").unwrap(), [expected], "{class}");
    }
}

#[test]
fn only_values_of_the_view_have_to_be_finite() {
    let storage = bytes(&[1.0, f32::NAN, 2.0]);
    let entries = [("every second", floats(&[2], &[2])), ("all", floats(&[3], &[1]))];
    let file = open(&file(&dictionary(b"}", &entries), &[&storage])).unwrap();
    assert_eq!(file.read("every second").unwrap(), [1.0, 2.0]);
    assert!(parts(file.read("all").unwrap_err()).0.contains("\"all\" has a value that is not a finite"));
}

#[test]
fn descriptions_that_are_not_read_are_refused() {
    let quantized = tensor("QInt8Storage", "0", 0, &[1], &[1]);
    let short = call("torch._utils\n_rebuild_tensor_v2", &[number(0)]);
    let none = call("torch._utils\n_rebuild_tensor_v2", &[]);
    for wrong in [quantized, short, none] {
        let (problem, hint) = refusal(&file(&dictionary(b"}", &[("x", wrong)]), &[&ramp(1)]));
        assert_eq!(problem, "has the tensor \"x\" in an unsupported form");
        assert!(hint.contains("state_dict()"));
    }
    let absent = dictionary(b"}", &[("x", tensor("FloatStorage", "9", 0, &[1], &[1]))]);
    assert!(refusal(&file(&absent, &[&ramp(1)])).0.contains("no entry \"data/9\""));
    let twice = dictionary(b"}", &[("x", floats(&[1], &[1])), ("x", floats(&[1], &[1]))]);
    assert_eq!(refusal(&file(&twice, &[&ramp(1)])).0, "holds the tensor \"x\" twice");
    let nothing = dictionary(b"}", &[("epoch", number(3))]);
    assert_eq!(refusal(&file(&nothing, &[])).0, "holds no tensors");
    assert!(refusal(&file(b"cmy\nModel\n)\x81}b", &[])).0.contains("whole model"));
    // A frame, from protocol 4.
    assert!(refusal(&file(b"\x95\0\0\0\0\0\0\0\0}", &[])).0.contains("unsupported instruction 0x95"));
    assert!(refusal(&file(b"(K\x01K\x02d", &[])).0.contains("unsupported instruction 0x64"));
}

#[test]
fn takes_the_state_dictionary_out_of_others() {
    let weights = || dictionary(ORDERED_DICT, &[("w", floats(&[2], &[1]))]);
    let names = |pickle: &[u8]| -> Vec<String> {
        open(&file(pickle, &[&ramp(2)])).unwrap().names().map(str::to_owned).collect()
    };
    let other = || dictionary(b"}", &[("x", floats(&[1], &[1]))]);
    assert_eq!(names(&dictionary(b"}", &[("ema", other()), ("epoch", number(3)), ("model", weights())])), ["w"]);
    assert_eq!(names(&dictionary(b"}", &[("model", dictionary(b"}", &[("state_dict", weights())]))])), ["w"]);
    assert_eq!(names(&dictionary(b"}", &[("epoch", number(3)), ("own", weights())])), ["w"]);
    // A dictionary of settings under a usual name has no tensors.
    let settings = dictionary(b"}", &[("a", number(1))]);
    assert_eq!(names(&dictionary(b"}", &[("model", settings), ("w", floats(&[2], &[1]))])), ["w"]);
    // It is unknown which of the two is meant.
    let two = dictionary(b"}", &[("one", weights()), ("two", other())]);
    assert_eq!(refusal(&file(&two, &[&ramp(2)])).0, "holds no tensors");
}

/// A module of a `TorchScript` archive with given attributes.
fn module(attributes: &[(&str, Vec<u8>)]) -> Vec<u8> {
    [&b"c__torch__.torch.nn\nModule\n)\x81"[..], &dictionary(b"}", attributes), b"b"].concat()
}

#[test]
fn reads_the_parameters_of_a_script() {
    let inner = module(&[("weight", floats(&[2], &[1])), ("training", vec![0x89])]);
    let list = module(&[("0", inner), ("1", module(&[("bias", tensor("HalfStorage", "1", 0, &[1], &[1]))]))]);
    let other = [&b"c__torch__.Other\nThing\n)\x81"[..], b"(K\x01tb"].concat();
    let root = module(&[("blocks", list), ("scale", floats(&[], &[])), ("other", other), ("number", number(7))]);
    let pickle = [b"\x80\x02", &root[..], b"."].concat();
    let (scale, half) = (ramp(2), [0x00, 0xc1]);
    let entries = |pickle| {
        archive(&[
            ("ViT/data.pkl", pickle),
            ("ViT/data/0", &scale[..]),
            ("ViT/data/1", &half),
            ("ViT/constants.pkl", b""),
            ("ViT/code/__torch__/a.py", b"raise SystemExit"),
        ])
    };
    let file = open(&entries(&pickle)).unwrap();
    assert_eq!(file.names().collect::<Vec<_>>(), ["blocks.0.weight", "blocks.1.bias", "scale"]);
    assert_eq!(file.read("blocks.0.weight").unwrap(), [0.0, 1.0]);
    assert_eq!(file.read("blocks.1.bias").unwrap(), [-2.5]);
    assert_eq!(refusal(&entries(b"\x80\x02}.")).0, "holds no tensors");
    endures_damage(&entries(&pickle));
}

#[test]
fn hostile_pickles_are_refused() {
    let nested = [&b"}"[..], &b"\x85".repeat(1_000_000)].concat();
    let lists = [b"]".repeat(100_000), b"a".repeat(99_999)].concat();
    let built = [&b"cmy\nThing\n)R"[..], &b"}b".repeat(100_000)].concat();
    let doubling = [&b"}"[..], &b"q\0h\0\x86".repeat(60)].concat();
    let long_texts = [text(&"x".repeat(100_000)), b"q\0".to_vec(), b"h\0".repeat(20_000)].concat();
    for hostile in [nested, lists, built, doubling, long_texts] {
        let (problem, _) = refusal(&file(&hostile, &[]));
        assert_eq!(problem, "holds objects too large or too deeply nested to be weights");
    }
    for cut in [&b"X\xff\xff\xff\xffabc"[..], b"\x8a\xff", b"\x8a\x05", b"cmodule", b"J\0", b"h\x09"] {
        assert_eq!(refusal(&file(cut, &[])).0, "has a damaged list of tensors (data.pkl)");
    }
    // Instructions for objects that do not exist.
    for code in b"tRbsueaQ\x81\x85\x86\x87q" {
        refusal(&file(&[*code], &[]));
        refusal(&file(&[b'(', *code], &[]));
    }
}

#[test]
fn archives_of_other_kinds_are_refused() {
    assert!(refusal(&archive(&[])).0.contains("no data.pkl"));
    assert!(refusal(&archive(&[("weights.npy", b"123"), ("a/xdata.pkl", b"")])).0.contains("no data.pkl"));
    let big = [("m/data.pkl", &b"\x80\x02}."[..]), ("m/byteorder", b"big")];
    assert!(refusal(&archive(&big)).0.contains("big-endian"));
    // The method of the only entry, in its own header and in the list of entries.
    let mut compressed = archive(&[("m/data.pkl", b"\x80\x02}.")]);
    compressed[8] = 8;
    let listed = compressed.windows(4).position(|magic| magic == b"PK\x01\x02").unwrap();
    compressed[listed + 10] = 8;
    assert!(refusal(&compressed).0.contains("compressed entry \"data.pkl\""));
}

#[test]
fn damage_is_endured() {
    let entries = [("a", floats(&[2, 2], &[1, 2])), ("b", tensor("HalfStorage", "1", 1, &[2], &[1]))];
    let state = dictionary(ORDERED_DICT, &entries);
    endures_damage(&file(&dictionary(b"}", &[("state_dict", state)]), &[&ramp(4), &[0; 6]]));
}
