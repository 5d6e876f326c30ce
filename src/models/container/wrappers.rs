//! Removes the parts of tensor names that training wrappers add.

use std::collections::BTreeMap;

/// Parts that `torch.compile`, FSDP and activation checkpointing insert anywhere in a name.
const INSERTED: [&str; 3] = ["_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"];

/// Prefix that `DataParallel` and `DistributedDataParallel` put in front of a name.
const IN_FRONT: &str = "module.";

/// The tensors under the names that the model itself gives them. If two tensors would get the same name, all keep
/// their current names.
pub(super) fn removed<T>(tensors: BTreeMap<String, T>) -> BTreeMap<String, T> {
    let plain: BTreeMap<String, String> = tensors.keys().map(|name| (unwrapped(name), name.clone())).collect();
    if plain.len() < tensors.len() {
        return tensors;
    }
    tensors.into_iter().map(|(name, tensor)| (unwrapped(&name), tensor)).collect()
}

pub(super) fn unwrapped(name: &str) -> String {
    let words: Vec<&str> = name.split('.').filter(|word| !INSERTED.contains(word)).collect();
    let joined = words.join(".");
    let mut plain = joined.as_str();
    while let Some(inner) = plain.strip_prefix(IN_FRONT) {
        plain = inner;
    }
    if plain.is_empty() { name.to_owned() } else { plain.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_are_removed_unless_names_collide() {
        assert_eq!(unwrapped("module._orig_mod.encoder.conv.weight"), "encoder.conv.weight");
        assert_eq!(unwrapped("encoder._orig_mod.conv.weight"), "encoder.conv.weight");
        assert_eq!(unwrapped("module.module.a"), "a");
        assert_eq!(unwrapped("my_module.a"), "my_module.a");
        assert_eq!(unwrapped("_orig_mod"), "_orig_mod");
        let names = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), 0)).collect::<BTreeMap<_, _>>();
        assert_eq!(removed(names(&["module.a", "b"])), names(&["a", "b"]));
        assert_eq!(removed(names(&["module.a", "a"])), names(&["module.a", "a"]));
    }
}
