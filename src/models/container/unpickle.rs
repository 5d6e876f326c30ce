//! Runs a pickle on candle's machine, guarded against what would make that fail without an error.

use candle_core::pickle::{Object, OpCode, Stack};

use super::Fault;

/// Deeper objects than any checkpoint's, and shallow enough for every thread's stack.
const LARGEST_DEPTH: usize = 128;

/// Bytes of objects looked at while running a pickle, hundreds of times what a large checkpoint
/// needs. Candle copies an object each time a pickle refers to it again, so that a few hundred
/// bytes of pickle could fill every memory.
const LARGEST_WORK: usize = 1 << 30;

/// What to do about a pickle with something in it that is not read.
pub(super) const SAVE_PLAINLY: &str = "load it in Python and save its state_dict() with torch.save or as .safetensors";

/// The object that a pickle describes; nothing of it is executed.
pub(super) fn unpickle(pickle: &[u8]) -> Result<Object, Fault> {
    let mut rest = pickle;
    let mut stack = Stack::empty();
    let mut work_left = LARGEST_WORK;
    loop {
        let (mut instructions, after) = guard(rest, &stack)?;
        let mut done = false;
        if let Some(after) = after {
            while !instructions.is_empty() {
                done = step(&mut stack, &mut instructions)?;
            }
            rest = after;
        } else {
            done = step(&mut stack, &mut rest)?;
        }
        if done {
            return stack.finalize().map_err(|_| damaged());
        }
        let top = stack.stack().last();
        let weight = top.map_or(Some(0), |top| weigh(top, LARGEST_DEPTH));
        work_left = weight
            .and_then(|weight| work_left.checked_sub(weight))
            .ok_or_else(|| Fault::new("holds objects nested too deeply to be weights", SAVE_PLAINLY))?;
    }
}

/// Runs one instruction and moves `rest` behind it; whether it was the last one.
fn step(stack: &mut Stack, rest: &mut &[u8]) -> Result<bool, Fault> {
    stack.read(rest).map_err(|_| damaged())
}

fn damaged() -> Fault {
    Fault::damaged("has a damaged list of tensors (data.pkl)")
}

/// What to run in place of the instruction that `rest` begins with, and what then follows; or
/// `None` for that instruction itself.
fn guard<'pickle>(
    rest: &'pickle [u8],
    stack: &Stack,
) -> Result<(&'static [u8], Option<&'pickle [u8]>), Fault> {
    const AS_IT_IS: (&[u8], Option<&[u8]>) = (b"", None);
    let Some((&code, arguments)) = rest.split_first() else { return Err(damaged()) };
    let is_builtin = |object: Option<&Object>| {
        matches!(object, None | Some(Object::Dict(_) | Object::List(_)))
    };
    let objects = stack.stack();
    let below = |depth: usize| objects.len().checked_sub(depth).and_then(|at| objects.get(at));
    let below_mark = || {
        let mark = objects.iter().rposition(|object| *object == Object::Mark)?;
        objects.get(mark.checked_sub(1)?)
    };
    match OpCode::try_from(code) {
        // Candle takes the old way to write a dictionary for an empty one.
        Err(_) => Err(unsupported(code)),
        Ok(_) if code == b'd' => Err(unsupported(code)),
        // Candle allocates the length before it looks whether the bytes are there.
        Ok(OpCode::BinUnicode) => match arguments.split_first_chunk() {
            Some((length, text)) if text.len() >= u32::from_le_bytes(*length) as usize => {
                Ok(AS_IT_IS)
            }
            _ => Err(damaged()),
        },
        // Candle shifts by more than an `i64` has bits. No weight depends on such a number.
        Ok(OpCode::Long1) => match arguments.split_first() {
            Some((&size, bytes)) if size > 8 => {
                let after = bytes.get(usize::from(size)..).ok_or_else(damaged)?;
                Ok((b"N", Some(after)))
            }
            _ => Ok(AS_IT_IS),
        },
        // Candle adds items to plain dictionaries and lists only. Checkpoints also have settings
        // in classes derived from them: there the items become the argument of a build.
        Ok(OpCode::SetItem) if !is_builtin(below(3)) => Ok((b"\x86b", Some(arguments))),
        Ok(OpCode::Append) if !is_builtin(below(2)) => Ok((b"b", Some(arguments))),
        Ok(OpCode::SetItems | OpCode::Appends) if !is_builtin(below_mark()) => {
            Ok((b"tb", Some(arguments)))
        }
        Ok(_) => Ok(AS_IT_IS),
    }
}

fn unsupported(code: u8) -> Fault {
    let problem = format!("has a pickle with an instruction that is not read ({code:#04x})");
    Fault::new(problem, SAVE_PLAINLY)
}

/// About how many bytes of memory an object takes; `None` where it is nested deeper than `depth`.
fn weigh(object: &Object, depth: usize) -> Option<usize> {
    let depth = depth.checked_sub(1)?;
    let sum = |objects: &[Object]| {
        objects.iter().try_fold(0, |sum: usize, object| sum.checked_add(weigh(object, depth)?))
    };
    let contents = match object {
        Object::Class { module_name, class_name } => module_name.len() + class_name.len(),
        Object::Unicode(text) => text.len(),
        Object::Tuple(items) | Object::List(items) => sum(items)?,
        Object::Dict(items) => items.iter().try_fold(0, |sum: usize, (key, value)| {
            sum.checked_add(weigh(key, depth)?)?.checked_add(weigh(value, depth)?)
        })?,
        Object::Reduce { callable, args } | Object::Build { callable, args } => {
            weigh(callable, depth)?.checked_add(weigh(args, depth)?)?
        }
        Object::PersistentLoad(id) => weigh(id, depth)?,
        Object::Int(_)
        | Object::Long(_)
        | Object::Float(_)
        | Object::Bool(_)
        | Object::None
        | Object::Mark => 0,
    };
    contents.checked_add(size_of::<Object>())
}
