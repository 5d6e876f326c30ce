//! The tensors in an object written by `torch.save` or `torch.jit.save`.

use std::ops::Range;

use candle_core::pickle::Object;

use super::unpickle::SAVE_PLAINLY;
use super::values::{ElementType, Tensor};
use super::{Fault, quoted};

/// Keys under which trainers keep a state dictionary beside other things, the most likely first.
const STATE_DICTIONARIES: [&str; 12] = [
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "module",
    "net",
    "network",
    "params_ema",
    "params",
    "state_dict_ema",
    "model_ema",
    "ema",
];

/// Deeper than any trainer's state dictionary.
const LARGEST_DEPTH: usize = 8;

/// Prefix of the names of module classes in a `TorchScript` archive.
const SCRIPT_CLASS: &str = "__torch__";

/// A tensor with its name.
pub(super) type Named = (String, View);

/// The tensors of the state dictionary in an object.
pub(super) fn named_tensors(saved: &Object) -> Result<Vec<Named>, Fault> {
    let Object::Dict(entries) = saved else {
        let problem = "holds no dictionary of tensors: a whole model may have been saved";
        return Err(Fault::new(problem, SAVE_PLAINLY));
    };
    let entries = state_dictionary(entries, LARGEST_DEPTH).unwrap_or(entries);
    let mut tensors = Vec::new();
    for (name, value) in entries {
        let Object::Unicode(name) = name else { continue };
        tensors.extend(view(name, value)?.map(|view| (name.clone(), view)));
    }
    Ok(tensors)
}

/// The parameters and buffers of a module in a `TorchScript` archive; its code is not read.
pub(super) fn tensors_of_module(saved: &Object) -> Result<Vec<Named>, Fault> {
    let mut tensors = Vec::new();
    let mut modules = vec![(String::new(), saved)];
    while let Some((prefix, module)) = modules.pop() {
        for (name, value) in attributes(module).into_iter().flatten() {
            let Object::Unicode(name) = name else { continue };
            let name = format!("{prefix}{name}");
            if attributes(value).is_some() {
                modules.push((format!("{name}."), value));
            } else if let Some(view) = view(&name, value)? {
                tensors.push((name, view));
            }
        }
    }
    Ok(tensors)
}

/// The attributes of a module in a `TorchScript` archive; none for other objects.
fn attributes(object: &Object) -> Option<&[(Object, Object)]> {
    let Object::Build { callable, args } = object else { return None };
    let Object::Reduce { callable, .. } = &**callable else { return None };
    match (&**callable, &**args) {
        (Object::Class { module_name, .. }, Object::Dict(attributes)) if module_name.starts_with(SCRIPT_CLASS) => {
            Some(attributes)
        }
        _ => None,
    }
}

/// The dictionary with the tensors among the saved entries: one with a known name, else the only one; none if the
/// entries themselves are the tensors.
fn state_dictionary(entries: &[(Object, Object)], depth: usize) -> Option<&[(Object, Object)]> {
    let depth = depth.checked_sub(1)?;
    let named = |wanted: &&str| {
        let is_wanted = |key: &Object| matches!(key, Object::Unicode(key) if key == wanted);
        entries.iter().filter(|(key, _)| is_wanted(key)).find_map(|(_, value)| inner_dictionary(value, depth))
    };
    if let Some(found) = STATE_DICTIONARIES.iter().find_map(named) {
        return Some(found);
    }
    if has_tensors(entries) {
        return None;
    }
    let mut all = entries.iter().filter_map(|(_, value)| inner_dictionary(value, depth));
    all.next().filter(|_| all.next().is_none())
}

/// The dictionary with the tensors in a value, or the value itself.
fn inner_dictionary(value: &Object, depth: usize) -> Option<&[(Object, Object)]> {
    let Object::Dict(inner) = value else { return None };
    state_dictionary(inner, depth).or_else(|| has_tensors(inner).then_some(inner))
}

fn has_tensors(entries: &[(Object, Object)]) -> bool {
    entries.iter().any(|(_, value)| tensor_description(value).is_some())
}

/// A tensor's view of its storage; none if the value is not a tensor.
fn view(name: &str, value: &Object) -> Result<Option<View>, Fault> {
    let Some(description) = tensor_description(value) else { return Ok(None) };
    let view = View::parse(description).ok_or_else(|| {
        let problem = format!("has the tensor {} in an unsupported form", quoted(name));
        Fault::new(problem, SAVE_PLAINLY)
    })?;
    Ok(Some(view))
}

/// The arguments of `torch._utils._rebuild_tensor_v2` if the object is a tensor or a parameter.
fn tensor_description(object: &Object) -> Option<&[Object]> {
    match object {
        Object::Reduce { callable, args } => description_of_call(callable, args),
        // A parameter with extra state beside its values.
        Object::Build { callable, .. } => tensor_description(callable),
        _ => None,
    }
}

fn description_of_call<'object>(callable: &Object, arguments: &'object Object) -> Option<&'object [Object]> {
    let (Object::Class { module_name, class_name }, Object::Tuple(arguments)) = (callable, arguments) else {
        return None;
    };
    match (module_name.as_str(), class_name.as_str()) {
        ("torch._utils", "_rebuild_tensor_v2" | "_rebuild_tensor") => Some(arguments),
        ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => {
            tensor_description(arguments.first()?)
        }
        ("torch._tensor", "_rebuild_from_type_v2") => match arguments.as_slice() {
            [callable, _class, arguments, ..] => description_of_call(callable, arguments),
            _ => None,
        },
        _ => None,
    }
}

/// A tensor's view of its storage.
pub(super) struct View {
    /// The storage's key, which names its entry in an archive
    pub(super) storage: String,
    /// Start of the storage's own view, in values, which old files record with the storage
    storage_offset: usize,
    element_type: ElementType,
    offset: usize,
    shape: Vec<usize>,
    strides: Vec<usize>,
}

impl View {
    /// Reads the arguments: storage, offset, shape, strides, and others that do not matter here.
    fn parse(arguments: &[Object]) -> Option<Self> {
        let [Object::PersistentLoad(storage), offset, shape, strides, ..] = arguments else { return None };
        let Storage { key, class, offset: storage_offset, .. } = Storage::parse(storage)?;
        Some(Self {
            storage: key.to_owned(),
            storage_offset,
            element_type: element_type(class)?,
            offset: size(offset)?,
            shape: sizes(shape)?,
            strides: sizes(strides)?,
        })
    }

    /// The tensor, if it lies within the bytes of its storage.
    pub(super) fn tensor(self, storage: Range<usize>, file_size: usize) -> Option<Tensor> {
        let Self { element_type, offset, storage_offset, shape, strides, .. } = self;
        let offset = offset.checked_add(storage_offset)?;
        Tensor::strided(shape, strides, offset, element_type, storage, file_size)
    }
}

/// The description of a storage in a pickle.
pub(super) struct Storage<'object> {
    pub(super) key: &'object str,
    pub(super) class: &'object str,
    /// Start of a view in the storage, in values
    offset: usize,
}

impl<'object> Storage<'object> {
    /// Reads the text "storage", the class, the key, the device, the number of values, and in old files a view of the
    /// storage.
    pub(super) fn parse(id: &'object Object) -> Option<Self> {
        let Object::Tuple(id) = id else { return None };
        let [_, Object::Class { class_name, .. }, Object::Unicode(key), rest @ ..] = id.as_slice() else { return None };
        let offset = match rest.get(2) {
            Some(Object::Tuple(view)) => size(view.get(1)?)?,
            _ => 0,
        };
        Some(Self { key, class: class_name, offset })
    }
}

fn size(object: &Object) -> Option<usize> {
    match object {
        Object::Int(number) => usize::try_from(*number).ok(),
        Object::Long(number) => usize::try_from(*number).ok(),
        _ => None,
    }
}

fn sizes(object: &Object) -> Option<Vec<usize>> {
    match object {
        Object::Tuple(sizes) => sizes.iter().map(size).collect(),
        _ => None,
    }
}

/// The type of values in a storage, by the name of its `PyTorch` class.
fn element_type(class: &str) -> Option<ElementType> {
    Some(match class {
        "DoubleStorage" => ElementType::F64,
        "FloatStorage" => ElementType::F32,
        "HalfStorage" => ElementType::F16,
        "BFloat16Storage" => ElementType::Bf16,
        "LongStorage" => ElementType::I64,
        "IntStorage" => ElementType::I32,
        "ShortStorage" => ElementType::I16,
        "CharStorage" => ElementType::I8,
        "ByteStorage" => ElementType::U8,
        "BoolStorage" => ElementType::Bool,
        _ => return None,
    })
}
