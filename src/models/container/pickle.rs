//! Reads the index of a `PyTorch` file: a zip archive with a pickle that describes the tensors, and
//! one entry of bytes for each storage.

use std::collections::{BTreeMap, HashMap};
use std::io::Cursor;
use std::ops::Range;

use candle_core::pickle::Object;
use zip::{CompressionMethod, ZipArchive};

use super::unpickle::{SAVE_PLAINLY, unpickle};
use super::values::{ElementType, Tensor};
use super::{Fault, insert, quoted};

/// Where a state dictionary is in what trainers save beside it.
const STATE_DICTIONARY: &str = "state_dict";

/// Name of the entry with the pickle, below the archive's folder.
const PICKLE: &str = "data.pkl";

/// Whether a file begins as a zip archive does.
pub(super) fn is_zip(file: &[u8]) -> bool {
    file.starts_with(b"PK\x03\x04") || file.starts_with(b"PK\x05\x06")
}

/// Whether a file begins as `PyTorch` wrote them before 1.6: with a pickle.
pub(super) fn is_bare_pickle(file: &[u8]) -> bool {
    matches!(file, [0x80, 2..=5, ..])
}

/// The tensors of a `PyTorch` file by name.
pub(super) fn index(file: &[u8]) -> Result<BTreeMap<String, Tensor>, Fault> {
    let archive = Archive::open(file)?;
    let pickle = archive.entry(PICKLE)?;
    let pickle = file.get(pickle).ok_or_else(|| cut_short(PICKLE))?;
    let mut tensors = BTreeMap::new();
    for (name, value) in state_dictionary(unpickle(pickle)?)? {
        let Object::Unicode(name) = name else { continue };
        let Some(description) = tensor_description(value) else { continue };
        let Some(view) = View::parse(description) else {
            let problem = format!("has the tensor {} in a form that is not read", quoted(&name));
            return Err(Fault::new(problem, SAVE_PLAINLY));
        };
        let storage = archive.entry(&format!("data/{}", view.storage))?;
        let tensor = view
            .tensor(storage, file.len())
            .ok_or_else(|| Fault::damaged(format!("has the tensor {} outside its storage", quoted(&name))))?;
        insert(&mut tensors, name, tensor)?;
    }
    Ok(tensors)
}

fn cut_short(entry: &str) -> Fault {
    Fault::damaged(format!("is cut short: it ends before its entry {} does", quoted(entry)))
}

/// The entries of a `PyTorch` file's zip archive.
struct Archive {
    entries: HashMap<String, Entry>,
    /// The folder that all entries are in, with the slash behind it.
    folder: String,
}

/// Where an entry's bytes are, and whether these are its content just as they are.
struct Entry {
    range: Range<usize>,
    plain: bool,
}

impl Archive {
    /// Reads the list of entries.
    fn open(file: &[u8]) -> Result<Self, Fault> {
        let broken = || Fault::damaged("is a zip archive that is cut short or damaged");
        let mut archive = ZipArchive::new(Cursor::new(file)).map_err(|_| broken())?;
        let mut entries = HashMap::new();
        for number in 0..archive.len() {
            let entry = archive.by_index_raw(number).map_err(|_| broken())?;
            let name = entry.name().map_err(|_| broken())?.into_owned();
            let start = entry.data_start().and_then(|start| usize::try_from(start).ok());
            let size = usize::try_from(entry.compressed_size()).ok();
            let range = start.zip(size).and_then(|(start, size)| Some(start..start.checked_add(size)?));
            let range = range.filter(|range| range.end <= file.len()).ok_or_else(|| cut_short(&name))?;
            let plain = entry.compression() == CompressionMethod::Stored && !entry.encrypted();
            entries.insert(name, Entry { range, plain });
        }
        let folder = |entry: &String| {
            let folder = entry.strip_suffix(PICKLE)?;
            (folder.is_empty() || folder.ends_with('/')).then(|| folder.to_owned())
        };
        let Some(folder) = entries.keys().filter_map(folder).min() else {
            let problem = "is a zip archive without weights of PyTorch in it (it has no data.pkl)";
            return Err(Fault::new(problem, "unpack it, and name the weight file that was in it"));
        };
        let code = format!("{folder}code/");
        if entries.contains_key(&format!("{folder}constants.pkl")) || entries.keys().any(|name| name.starts_with(&code))
        {
            let problem = "is a TorchScript archive: a program, not only weights";
            let hint = "load it with torch.jit.load and save its state_dict() with torch.save";
            return Err(Fault::new(problem, hint));
        }
        let archive = Self { entries, folder };
        let order = archive.entry("byteorder").ok().and_then(|range| file.get(range));
        if order == Some(b"big") {
            let problem = "was saved on a big-endian machine";
            return Err(Fault::new(problem, "save it as .safetensors, which is the same everywhere"));
        }
        Ok(archive)
    }

    /// Where the bytes of an entry are; `name` is below the archive's folder.
    fn entry(&self, name: &str) -> Result<Range<usize>, Fault> {
        let Some(entry) = self.entries.get(&format!("{}{name}", self.folder)) else {
            let problem = format!("has no entry {}, which its list of tensors names", quoted(name));
            return Err(Fault::damaged(problem));
        };
        if !entry.plain {
            let problem = format!("has the compressed entry {}; PyTorch writes none", quoted(name));
            return Err(Fault::new(problem, "name the file as PyTorch saved it, not one packed anew"));
        }
        Ok(entry.range.clone())
    }
}

/// The names and values of the dictionary with the weights in it.
fn state_dictionary(saved: Object) -> Result<Vec<(Object, Object)>, Fault> {
    let Object::Dict(mut entries) = saved else {
        let problem = "holds no dictionary of tensors: a whole model may have been saved";
        return Err(Fault::new(problem, SAVE_PLAINLY));
    };
    let is_inner = |(key, value): &(Object, Object)| {
        matches!(key, Object::Unicode(key) if key == STATE_DICTIONARY) && matches!(value, Object::Dict(_))
    };
    if let Some(inner) = entries.iter().position(is_inner)
        && let (_, Object::Dict(inner)) = entries.swap_remove(inner)
    {
        return Ok(inner);
    }
    Ok(entries)
}

/// The arguments of `torch._utils._rebuild_tensor_v2` where the object is a tensor or a parameter.
fn tensor_description(object: Object) -> Option<Vec<Object>> {
    let (callable, arguments) = match object {
        Object::Reduce { callable, args } => (*callable, *args),
        // A state of a parameter's own beside its values.
        Object::Build { callable, .. } => return tensor_description(*callable),
        _ => return None,
    };
    let (Object::Class { module_name, class_name }, Object::Tuple(arguments)) = (callable, arguments) else {
        return None;
    };
    match (module_name.as_str(), class_name.as_str()) {
        ("torch._utils", "_rebuild_tensor_v2") => Some(arguments),
        ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => {
            tensor_description(arguments.into_iter().next()?)
        }
        ("torch._tensor", "_rebuild_from_type_v2") => {
            let mut arguments = arguments.into_iter();
            let (callable, _class, args) = (arguments.next()?, arguments.next(), arguments.next()?);
            tensor_description(Object::Reduce { callable: callable.into(), args: args.into() })
        }
        _ => None,
    }
}

/// How a tensor looks at its storage.
struct View {
    /// The storage's number, which its entry in the archive is named by.
    storage: String,
    element_type: ElementType,
    offset: usize,
    shape: Vec<usize>,
    strides: Vec<usize>,
}

impl View {
    /// Reads the arguments: storage, offset, shape, strides, and what does not matter here.
    fn parse(arguments: Vec<Object>) -> Option<Self> {
        let mut arguments = arguments.into_iter();
        let Object::PersistentLoad(storage) = arguments.next()? else { return None };
        let Object::Tuple(storage) = *storage else { return None };
        // "storage", its class, its number, the device it was on, and how many values it has.
        let mut storage = storage.into_iter().skip(1);
        let Object::Class { class_name, .. } = storage.next()? else { return None };
        let Object::Unicode(number) = storage.next()? else { return None };
        Some(Self {
            storage: number,
            element_type: element_type(&class_name)?,
            offset: size(arguments.next()?)?,
            shape: sizes(arguments.next()?)?,
            strides: sizes(arguments.next()?)?,
        })
    }

    /// The tensor, where it lies within the bytes of its storage.
    fn tensor(self, storage: Range<usize>, file_size: usize) -> Option<Tensor> {
        let Self { element_type, offset, shape, strides, .. } = self;
        Tensor::strided(shape, strides, offset, element_type, storage, file_size)
    }
}

fn size(object: Object) -> Option<usize> {
    usize::try_from(object.int_or_long().ok()?).ok()
}

fn sizes(object: Object) -> Option<Vec<usize>> {
    object.tuple().ok()?.into_iter().map(size).collect()
}

/// The type of values in a storage of `PyTorch`'s class of this name.
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
