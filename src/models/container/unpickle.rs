//! Runs a pickle on candle's pickle machine, guarded against input that would crash it.

use candle_core::pickle::{Object, OpCode, Stack};

use super::Fault;

/// Deeper than the objects of any checkpoint, and shallow enough for every thread's stack.
const LARGEST_DEPTH: usize = 128;

/// Bytes of objects that any pickle may create, and how many more for each byte of the pickle read so far;
/// checkpoints take about 100 per byte. Candle copies an object each time a pickle refers to it
/// again, so a few hundred bytes of pickle could otherwise fill all memory.
const LEAST_WORK: usize = 64 << 20;
const WORK_PER_BYTE: usize = 256;
const MOST_WORK: usize = 2 << 30;

/// Maximum bytes of a pickle that are read; checkpoints have up to a few million.
const LONGEST_PICKLE: usize = 64 << 20;

/// The hint for a pickle with unsupported content.
pub(super) const SAVE_PLAINLY: &str = "load it in Python and save its state_dict() with torch.save or as .safetensors";

/// The problem of a pickle that ends too early or makes no sense.
const DAMAGED: &str = "has a damaged list of tensors";

/// The object that the pickle of an archive describes. No code is executed.
pub(super) fn unpickle(pickle: &[u8]) -> Result<Object, Fault> {
    let named = |fault: Fault| match fault.problem.as_str() {
        DAMAGED => Fault::damaged(format!("{DAMAGED} (data.pkl)")),
        _ => fault,
    };
    unpickle_first(pickle).map(|(object, _)| object).map_err(named)
}

/// The object that the first of several pickles describes, and the bytes after that pickle. No code is executed.
pub(super) fn unpickle_first(pickle: &[u8]) -> Result<(Object, &[u8]), Fault> {
    let window = pickle.get(..LONGEST_PICKLE).unwrap_or(pickle);
    let mut rest = window;
    let mut stack = Stack::empty();
    let mut work: usize = 0;
    loop {
        let added = added_items(rest, stack.stack());
        let done = match replacement(rest, stack.stack())? {
            None => step(&mut stack, &mut rest)?,
            Some((mut instructions, after)) => {
                while !instructions.is_empty() {
                    step(&mut stack, &mut instructions)?;
                }
                rest = after;
                false
            }
        };
        if done {
            let after = pickle.get(window.len() - rest.len()..).unwrap_or_default();
            return stack.finalize().map(|object| (object, after)).map_err(|_| damaged());
        }
        let weight = stack.stack().last().map_or(Some(0), |result| weigh_result(result, added));
        let most = (window.len() - rest.len()).saturating_mul(WORK_PER_BYTE).saturating_add(LEAST_WORK).min(MOST_WORK);
        work = weight
            .and_then(|weight| work.checked_add(weight))
            .filter(|work| *work <= most)
            .ok_or_else(|| Fault::new("holds objects too large or too deeply nested to be weights", SAVE_PLAINLY))?;
    }
}

/// Number of items that the first instruction of `rest` adds to the list or dictionary that results;
/// `None` if the result is a new object.
fn added_items(rest: &[u8], objects: &[Object]) -> Option<usize> {
    let above_mark = || objects.iter().rev().take_while(|object| **object != Object::Mark).count();
    match OpCode::try_from(*rest.first()?).ok()? {
        OpCode::Append | OpCode::SetItem => Some(1),
        OpCode::Appends => Some(above_mark()),
        OpCode::SetItems => Some(above_mark() / 2),
        _ => None,
    }
}

/// Runs one instruction and moves `rest` past it. Returns whether it was the last one.
fn step(stack: &mut Stack, rest: &mut &[u8]) -> Result<bool, Fault> {
    stack.read(rest).map_err(|_| damaged())
}

fn damaged() -> Fault {
    Fault::damaged(DAMAGED)
}

/// Instructions to run in place of another one, and the bytes after that one.
type Replacement<'pickle> = (&'static [u8], &'pickle [u8]);

/// The instructions to run in place of the first one of `rest`; `None` if candle can run that
/// one itself.
fn replacement<'pickle>(rest: &'pickle [u8], objects: &[Object]) -> Result<Option<Replacement<'pickle>>, Fault> {
    let Some((&code, arguments)) = rest.split_first() else { return Err(damaged()) };
    let is_builtin = |object: Option<&Object>| matches!(object, None | Some(Object::Dict(_) | Object::List(_)));
    let below = |depth: usize| objects.len().checked_sub(depth).and_then(|at| objects.get(at));
    let below_mark = || {
        let mark = objects.iter().rposition(|object| *object == Object::Mark)?;
        objects.get(mark.checked_sub(1)?)
    };
    match OpCode::try_from(code) {
        Err(_) => Err(unsupported(code)),
        // Candle mistakes the old way of writing a dictionary for an empty one.
        Ok(_) if code == b'd' => Err(unsupported(code)),
        // Candle allocates the length before it checks that the bytes exist.
        Ok(OpCode::BinUnicode) => match arguments.split_first_chunk() {
            Some((length, text)) if text.len() >= u32::from_le_bytes(*length) as usize => Ok(None),
            _ => Err(damaged()),
        },
        // Candle would shift by more bits than an `i64` has. No weight depends on such a number.
        Ok(OpCode::Long1) => match arguments.split_first() {
            Some((&size, bytes)) if size > 8 => {
                let after = bytes.get(usize::from(size)..).ok_or_else(damaged)?;
                Ok(Some((b"N", after)))
            }
            _ => Ok(None),
        },
        // Candle adds items only to plain dictionaries and lists. Checkpoints also have settings
        // in derived classes: for those, the items become the argument of a build.
        Ok(OpCode::SetItem) if !is_builtin(below(3)) => Ok(Some((b"\x86b", arguments))),
        Ok(OpCode::Append) if !is_builtin(below(2)) => Ok(Some((b"b", arguments))),
        Ok(OpCode::SetItems | OpCode::Appends) if !is_builtin(below_mark()) => Ok(Some((b"tb", arguments))),
        Ok(_) => Ok(None),
    }
}

fn unsupported(code: u8) -> Fault {
    let problem = format!("has a pickle with the unsupported instruction {code:#04x}");
    Fault::new(problem, SAVE_PLAINLY)
}

/// Weighs the result of an instruction on the stack: all of it, or only the items it added. Weighing
/// the whole list again with each item would take quadratic time.
fn weigh_result(result: &Object, added: Option<usize>) -> Option<usize> {
    let last = |length: usize| length.saturating_sub(added.unwrap_or(length));
    match result {
        Object::List(items) => weigh_all(items.iter().skip(last(items.len())), LARGEST_DEPTH),
        Object::Dict(items) => weigh_pairs(items.iter().skip(last(items.len())), LARGEST_DEPTH),
        _ => weigh(result, LARGEST_DEPTH),
    }
}

/// About how many bytes of memory an object takes; `None` if it is nested deeper than `depth`.
fn weigh(object: &Object, depth: usize) -> Option<usize> {
    let depth = depth.checked_sub(1)?;
    let contents = match object {
        Object::Class { module_name, class_name } => module_name.len() + class_name.len(),
        Object::Unicode(text) => text.len(),
        Object::Tuple(items) | Object::List(items) => weigh_all(items, depth)?,
        Object::Dict(items) => weigh_pairs(items, depth)?,
        Object::Reduce { callable, args } | Object::Build { callable, args } => {
            weigh_all([&**callable, &**args], depth)?
        }
        Object::PersistentLoad(id) => weigh(id, depth)?,
        Object::Int(_) | Object::Long(_) | Object::Float(_) | Object::Bool(_) | Object::None | Object::Mark => 0,
    };
    contents.checked_add(size_of::<Object>())
}

fn weigh_all<'object>(objects: impl IntoIterator<Item = &'object Object>, depth: usize) -> Option<usize> {
    objects.into_iter().try_fold(0, |sum: usize, object| sum.checked_add(weigh(object, depth)?))
}

fn weigh_pairs<'object>(pairs: impl IntoIterator<Item = &'object (Object, Object)>, depth: usize) -> Option<usize> {
    pairs.into_iter().try_fold(0, |sum: usize, (key, value)| sum.checked_add(weigh_all([key, value], depth)?))
}
