//! Tests of the files that `PyTorch` wrote before version 1.6.

use super::Format;
use super::pickle_tests::{call, dictionary, number, numbers, ramp, tensor, text, tuple};
use super::tests::{endures_damage, open, refusal};

/// A file with an object and storages in order: key, number of values, and bytes of each.
fn file(object: &[u8], storages: &[(&str, u64, &[u8])]) -> Vec<u8> {
    let mut file = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.".to_vec();
    file.extend([b"\x80\x02", &dictionary(b"}", &[("little_endian", vec![0x88])])[..], b"."].concat());
    file.extend([b"\x80\x02", object, b"."].concat());
    let keys: Vec<u8> = storages.iter().flat_map(|(key, ..)| text(key)).collect();
    file.extend([b"\x80\x02](", &keys[..], b"e."].concat());
    for (_, count, bytes) in storages {
        file.extend(count.to_le_bytes());
        file.extend_from_slice(bytes);
    }
    file
}

#[test]
fn reads_storages_in_the_order_of_their_keys() {
    // A complex storage without weights comes between the others.
    let other = tensor("ComplexDoubleStorage", "1", 0, &[1], &[1]);
    let weights =
        [("a", tensor("FloatStorage", "10", 0, &[2], &[1])), ("b", tensor("HalfStorage", "2", 1, &[1], &[1]))];
    let object = dictionary(b"}", &[("optimizer", other), ("state_dict", dictionary(b"}", &weights))]);
    let (zeros, floats) = ([0; 16], ramp(2));
    let content = file(&object, &[("1", 1, &zeros), ("10", 2, &floats), ("2", 2, &[0, 0, 0x00, 0xc1])]);
    let opened = open(&content).unwrap();
    assert_eq!((opened.format(), opened.names().collect::<Vec<_>>()), (Format::Pickle, vec!["a", "b"]));
    assert_eq!(opened.read("a").unwrap(), [0.0, 1.0]);
    assert_eq!(opened.read("b").unwrap(), [-2.5]);
    endures_damage(&content);
}

#[test]
fn follows_views_of_storages() {
    // `torch/serialization.py`: the last item of a storage's description is the view's key, offset and size.
    let view = tuple(&[text("7"), number(1), number(2)]);
    let storage = [text("storage"), b"ctorch\nFloatStorage\n".to_vec(), text("0"), text("cpu"), number(3), view];
    let storage = [tuple(&storage), b"Q".to_vec()].concat();
    let arguments = [storage, number(1), numbers(&[1]), numbers(&[1])];
    let object = dictionary(b"}", &[("a", call("torch._utils\n_rebuild_tensor", &arguments))]);
    let opened = open(&file(&object, &[("0", 3, &ramp(3))])).unwrap();
    assert_eq!(opened.read("a").unwrap(), [2.0]);
}

#[test]
fn what_is_not_whole_is_refused() {
    let weights = |class| dictionary(b"}", &[("a", tensor(class, "0", 0, &[2], &[1]))]);
    let floats = ramp(2);
    let problem = |object: &[u8], storages: &[(&str, u64, &[u8])]| refusal(&file(object, storages)).0;
    let weight = weights("FloatStorage");
    assert_eq!(problem(&weight, &[("0", u64::MAX, &floats)]), "is cut short: it ends inside its tensors");
    assert_eq!(problem(&weight, &[("0", u64::MAX / 4 + 1, &floats)]), "is cut short: it ends inside its tensors");
    assert_eq!(problem(&weight, &[]), "has the tensor \"a\" outside its storage");
    assert_eq!(problem(&weight, &[("0", 1, &floats)]), "has the tensor \"a\" outside its storage");
    assert_eq!(problem(&weight, &[("9", 2, &floats)]), "has the storage \"9\" of an unsupported type");
    assert_eq!(problem(&weights("OwnStorage"), &[("0", 2, &floats)]), "has the tensor \"a\" in an unsupported form");
    assert!(problem(b"cmy\nModel\n)\x81}b", &[]).contains("whole model"));
    let mut big = file(&weight, &[("0", 2, &floats)]);
    let place = big.windows(15).position(|window| window == b"\0little_endian\x88").unwrap();
    big[place + 14] = 0x89;
    assert_eq!(refusal(&big).0, "was saved on a big-endian machine");
    let mut newer = file(&weight, &[("0", 2, &floats)]);
    newer[18] = 0xea;
    assert!(refusal(&newer).0.contains("an unsupported version of PyTorch's format"));
}
