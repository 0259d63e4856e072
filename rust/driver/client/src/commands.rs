//! What the client can be asked to do.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Write;

use lookaside_client::answer::{write_record, write_text};
use lookaside_protocol::compiled::Compiled;
use lookaside_protocol::malformed::{INPUT_BYTES, OUTPUT_BYTES, REQUESTS_PER_HANDLE, request};
use lookaside_protocol::shape::{Program, Refusal, Shape, check};
use lookaside_protocol::wire::{
    CONTRACT, CONTRACT_BYTES, CONTRACT_OUTPUT_BYTES, HEADER_BYTES, INFO, INFO_BYTES, Info,
    OPERATION_BYTES, PROBE, RECORD_BYTES, RUN, Record, header, origin, read_words, security,
    verdict, write_words,
};

use crate::client::Failure;
use crate::device::Device;
use crate::windows::{read_file, wait, write_output};

type Done = Result<(), Failure>;

const ERROR_INVALID_PARAMETER: u32 = 87;
const ERROR_INSUFFICIENT_BUFFER: u32 = 122;

/// `info`.
pub fn info() -> Done {
    let info = Device::open()?.info()?;
    write_output(&info_line(&info));
    Ok(())
}

fn info_line(info: &Info) -> String {
    let name = |origin: u32| match origin {
        origin::EXPORTED => "exported",
        origin::INLINE => "inline",
        _ => "emulated",
    };
    let security = match info.security {
        security::DESCRIPTOR => "administrators and the system",
        _ => "unconfirmed",
    };
    let mut line = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        line,
        concat!(
            r#"{{"version":{},"initialize":"{}","delete":"{}","flush":"{}","allocate":"{}","free":"{}","#,
            r#""access":"{}","handles":{},"lists":{},"entries":{},"blocks":{},"callbackCalls":{},"#,
            r#""heapRefusals":{},"suites":{},"tests":{},"programs":{}}}"#
        ),
        info.version,
        name(info.initialize),
        name(info.delete),
        name(info.flush),
        name(info.allocate),
        name(info.free),
        security,
        info.handles,
        info.lists,
        info.entries,
        info.blocks,
        info.callback_calls,
        info.heap_refusals,
        info.suites,
        info.tests,
        info.programs,
    );
    line
}

/// `probe`: a driver that is built to panic does so, and does not answer.
pub fn probe() -> Done {
    let device = Device::open()?;
    match device.request(PROBE, &[], &mut []) {
        Ok(_) => Err(Failure::new(
            1,
            "The driver has answered instead of stopping",
        )),
        Err(error) => Err(Failure::new(
            5,
            format!("The driver is gone: error {error}"),
        )),
    }
}

/// `replay`.
pub fn replay(files: &[&str]) -> Done {
    for file in files {
        let device = Device::open()?;
        device.info()?;
        replay_file(&device, file)?;
    }
    Ok(())
}

/// `hold`.
pub fn hold(file: &str) -> Done {
    let device = Device::open()?;
    replay_file(&device, file)?;
    wait();
    Ok(())
}

fn replay_file(device: &Device, file: &str) -> Done {
    let contents = read_file(file)
        .map_err(|error| Failure::new(6, format!("Cannot read {file}: error {error}")))?;
    let trace = Compiled::of(&contents)
        .map_err(|fault| Failure::new(6, format!("Cannot read {file}: {}", fault.message())))?;
    let records = run(device, &trace)?;
    let mut line = String::from("{\"trace\":");
    write_text(&mut line, trace.name());
    let _ = writeln!(line, ",\"operations\":{}}}", records.len());
    for (number, record) in trace.lines().zip(&records) {
        write_record(&mut line, number, record);
    }
    write_output(&line);
    Ok(())
}

/// Runs a trace, in as many programs as it takes.
fn run(device: &Device, trace: &Compiled<'_>) -> Result<Vec<Record>, Failure> {
    let mut records = Vec::new();
    for part in trace.parts() {
        let count = part.len() / OPERATION_BYTES;
        let mut input = header(count as u32).to_vec();
        input.extend(part);
        let expected = count.saturating_mul(RECORD_BYTES);
        let mut output = vec![0; expected];
        match device.request(RUN, &input, &mut output) {
            Ok(returned) if returned == expected => {}
            Ok(returned) => {
                return Err(Failure::new(
                    5,
                    format!("The driver answered {returned} bytes instead of {expected}"),
                ));
            }
            Err(error) => return Err(refused(trace, error)),
        }
        let chunks = output.chunks_exact(RECORD_BYTES);
        records.extend(chunks.filter_map(read_words).map(Record::of));
    }
    Ok(records)
}

/// The driver refused a program of this trace: the error names the line that the check refuses here.
fn refused(trace: &Compiled<'_>, error: u32) -> Failure {
    let name = trace.name();
    let place = match trace.refused_line(&mut new_shape()) {
        Some(line) => format!("{name}:{line}"),
        None => name.into(),
    };
    Failure::new(
        5,
        format!("The driver refused a program of {place}: error {error}"),
    )
}

/// `contract`.
pub fn contract() -> Done {
    let device = Device::open()?;
    let Info { suites, tests, .. } = device.info()?;
    if suites == 0 {
        return Err(Failure::new(
            5,
            "The driver has no contract tests: it was built without the feature contract",
        ));
    }
    let mut failed = 0_u32;
    for suite in 0..suites {
        for test in 0..tests {
            let mut input = [0; 8];
            write_words(&[suite, test], &mut input);
            let mut output = vec![0; CONTRACT_OUTPUT_BYTES];
            let returned = device
                .request(CONTRACT, &input, &mut output)
                .map_err(|error| {
                    Failure::new(
                        5,
                        format!("The driver refused test {suite}/{test}: error {error}"),
                    )
                })?;
            let words = read_words(&output).filter(|_| returned >= CONTRACT_BYTES);
            let [verdict, chosen, name, reason] =
                words.ok_or_else(|| Failure::new(5, "The driver's answer is cut off"))?;
            let texts = output.get(CONTRACT_BYTES..).unwrap_or(&[]);
            let (name, rest) = texts.split_at_checked(name as usize).unwrap_or_default();
            let reason = rest.get(..reason as usize).unwrap_or_default();
            let passed = verdict == verdict::PASSED;
            failed = failed.saturating_add(u32::from(!passed));
            let mut line = format!(r#"{{"suite":{suite},"name":"#);
            write_text(&mut line, &String::from_utf8_lossy(name));
            let _ = write!(
                line,
                r#","chosen":{},"passed":{passed},"reason":"#,
                chosen == 1
            );
            write_text(&mut line, &String::from_utf8_lossy(reason));
            line.push_str("}\n");
            write_output(&line);
        }
    }
    if failed > 0 {
        return Err(Failure::new(1, format!("Contract tests failed: {failed}")));
    }
    Ok(())
}

/// `malformed`: the answer to each request must be what the check here says.
pub fn malformed(seed: u64, count: u64) -> Done {
    let mut device = Device::open()?;
    let before = device.info()?;
    let (mut shape, mut after) = (new_shape(), new_shape());
    let (mut run, mut programs, mut refused, mut closed) = (0_u64, 0_u64, 0_u64, 0_u64);
    let mut input = Box::new([0; INPUT_BYTES]);
    let mut output = vec![0; OUTPUT_BYTES];
    for number in 0..count {
        if number > 0 && number.is_multiple_of(REQUESTS_PER_HANDLE) {
            closed = closed.saturating_add(assert_lists(&device, &before, &shape)?);
            drop(device);
            device = Device::open()?;
            shape.copy_from(&new_shape());
        }
        let request = request(seed, number, &mut input);
        let sent = input.get(..request.input_bytes).unwrap_or(&[]);
        output.fill(FILL);
        let room = output.get_mut(..request.output_bytes).unwrap_or(&mut []);
        let answer = device.request(request.code, sent, room);
        let expected = match request.code {
            RUN => expected_answer(sent, request.output_bytes, &shape, &mut after),
            INFO if !sent.is_empty() => Err(Refusal::Input),
            INFO if request.output_bytes < INFO_BYTES => Err(Refusal::Output),
            INFO => Ok(INFO_BYTES),
            // Only the driver knows which tests there are.
            CONTRACT if answer.is_ok() => Ok(answer.unwrap_or(0)),
            // Any error will do for an unknown command.
            _ if answer.is_err() => {
                refused = refused.saturating_add(1);
                untouched(&output, number)?;
                continue;
            }
            _ => Err(Refusal::Input),
        };
        let as_expected = match (expected, answer) {
            (Ok(expected), Ok(answer)) => expected == answer,
            (Err(Refusal::Input), Err(error)) => error == ERROR_INVALID_PARAMETER,
            (Err(Refusal::Output), Err(error)) => error == ERROR_INSUFFICIENT_BUFFER,
            _ => false,
        };
        if !as_expected {
            let code = request.code;
            let message = format!(
                "Request {number} of seed {seed} (code {code:#x}): expected {expected:?}, but it is: {answer:?}"
            );
            return Err(Failure::new(1, message));
        }
        if answer.is_err() {
            refused = refused.saturating_add(1);
            untouched(&output, number)?;
            continue;
        }
        run = run.saturating_add(1);
        if request.code == RUN {
            programs = programs.saturating_add(1);
            core::mem::swap(&mut shape, &mut after);
        }
    }
    closed = closed.saturating_add(assert_lists(&device, &before, &shape)?);
    drop(device);
    let left = Device::open()?.info()?;
    let same = left.lists == before.lists
        && left.entries == before.entries
        && left.blocks == before.blocks
        && left.handles == before.handles;
    if !same {
        let message = format!(
            "The driver has not given everything back: {} and {}",
            info_line(&before),
            info_line(&left)
        );
        return Err(Failure::new(1, message));
    }
    write_output(&format!(
        "{{\"seed\":{seed},\"requests\":{count},\"run\":{run},\"programs\":{programs},\"refused\":{refused},\"listsClosed\":{closed}}}\n"
    ));
    Ok(())
}

/// How many lists the shape has: the driver must have as many.
fn assert_lists(device: &Device, before: &Info, shape: &Shape) -> Result<u64, Failure> {
    let lists = shape.lists().count() as u32;
    let held = device.info()?.lists.wrapping_sub(before.lists);
    if held != lists {
        let message = format!("There are {held} lists instead of {lists}");
        return Err(Failure::new(1, message));
    }
    Ok(lists.into())
}

/// The shape of a new handle, which is too large for a stack without `__chkstk`.
fn new_shape() -> Box<Shape> {
    let mut shape = Box::<Shape>::new_uninit();
    // SAFETY: the box is ours, and as long as a shape.
    unsafe { shape.as_mut_ptr().write_bytes(0, 1) };
    // SAFETY: all bytes zero is a shape, that of a new handle.
    unsafe { shape.assume_init() }
}

/// What output holds before a request.
const FILL: u8 = 0xAA;

fn untouched(output: &[u8], number: u64) -> Done {
    if output.iter().all(|byte| *byte == FILL) {
        return Ok(());
    }
    Err(Failure::new(
        1,
        format!("Request {number} was refused, but its output was written"),
    ))
}

fn expected_answer(
    input: &[u8],
    output_bytes: usize,
    before: &Shape,
    after: &mut Shape,
) -> Result<usize, Refusal> {
    let program = Program::of(input, output_bytes)?;
    check(&program, before, after)?;
    let operations = input.len().saturating_sub(HEADER_BYTES) / OPERATION_BYTES;
    Ok(operations.saturating_mul(RECORD_BYTES))
}
