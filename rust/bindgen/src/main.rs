//! Writes `src/native/library/bindings.ts` from the exports of the library, or with `--check` tells
//! whether the file is what would be written.
//!
//! Types come from the inventory of `deno_bindgen`, names and docs from the manifest of
//! `lookaside`, and the two must name the same exports. `deno_bindgen` has a generator of its
//! own, which is not used: its output does not pass `deno check` and holds the library's path.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use deno_bindgen::{INVENTORY, Inventory, Symbol, Type};
use lookaside::exports::Export;

/// Where the bindings stand, from this crate's folder.
const BINDINGS: &str = "../../src/native/library/bindings.ts";
const COMMAND: &str = "deno task bindings";
/// `lineWidth` of deno.json: the output is laid out as `deno fmt` does it.
const LINE_WIDTH: usize = 100;

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut arguments: impl Iterator<Item = String>) -> Result<(), String> {
    let check = match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => false,
        (Some("--check"), None) => true,
        (Some(first), _) => {
            return Err(format!(
                "Cannot write the bindings: unknown argument: {first:?}"
            ));
        }
    };
    let bindings = render(&exports(lookaside::MANIFEST)?)?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(BINDINGS);
    if !check {
        return std::fs::write(&path, bindings)
            .map_err(|error| format!("Cannot write src/native/library/bindings.ts: {error}"));
    }
    // A file that cannot be read is as stale as one that says something else.
    match std::fs::read_to_string(&path) {
        Ok(found) if found == bindings => Ok(()),
        _ => Err(format!(
            "src/native/library/bindings.ts is stale, write it again: {COMMAND}"
        )),
    }
}

/// One export with what each source knows of it.
struct Described {
    export: &'static Export,
    symbol: &'static Symbol,
}

/// Joins inventory and manifest, sorted by name: the inventory's order is the linker's.
fn exports(manifest: &'static [Export]) -> Result<Vec<Described>, String> {
    if INVENTORY.len() != manifest.len() {
        return Err(format!(
            "Cannot write the bindings: deno_bindgen knows {} exports, the manifest has {}",
            INVENTORY.len(),
            manifest.len()
        ));
    }
    let mut described = Vec::with_capacity(manifest.len());
    for export in manifest {
        let symbol = INVENTORY.iter().find_map(|item| match item {
            Inventory::Symbol(symbol) if symbol.name == export.name => Some(symbol),
            _ => None,
        });
        let symbol = symbol.ok_or_else(|| {
            format!(
                "Cannot write the bindings: deno_bindgen does not know: {}",
                export.name
            )
        })?;
        described.push(Described { export, symbol });
    }
    described.sort_by_key(|one| one.export.name);
    Ok(described)
}

/// The arguments of an export as (name, type) pairs.
///
/// The text comes from `stringify!`, which may put white space anywhere between tokens.
fn arguments(export: &Export) -> Result<Vec<(String, String)>, String> {
    let inner = export
        .arguments
        .trim()
        .trim_start_matches('(')
        .trim_end_matches(')');
    let mut pairs = Vec::new();
    for argument in inner
        .split(',')
        .filter(|argument| !argument.trim().is_empty())
    {
        let (name, kind) = argument
            .split_once(':')
            .ok_or_else(|| format!("Cannot read an argument of {}: {argument:?}", export.name))?;
        let kind = kind
            .replace('*', " * ")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        pairs.push((name.trim().to_owned(), kind.replace("* ", "*")));
    }
    Ok(pairs)
}

/// Deno's name of an argument's type. The inventory knows a pointer, the text what it points to.
fn parameter(name: &str, recorded: Type, written: &str) -> Result<&'static str, String> {
    match (recorded, written) {
        (Type::Pointer, "*mut u8" | "*const u8") => Ok("buffer"),
        (Type::Pointer, _) => Ok("pointer"),
        _ => number(recorded)
            .ok_or_else(|| format!("Cannot bind an argument of {name}: its type is {written:?}")),
    }
}

/// Deno's name of a result's type.
///
/// What is neither a number nor nothing was a `bool` or an alias, for which `deno_bindgen`
/// returns a pointer to a boxed value.
fn result(name: &str, recorded: Type, written: &str) -> Result<&'static str, String> {
    match recorded {
        Type::Void => Ok("void"),
        _ => number(recorded)
            .ok_or_else(|| format!("Cannot bind the result of {name}: its type is {written:?}")),
    }
}

fn number(recorded: Type) -> Option<&'static str> {
    Some(match recorded {
        Type::Uint8 => "u8",
        Type::Uint16 => "u16",
        Type::Uint32 => "u32",
        Type::Uint64 => "u64",
        Type::Int8 => "i8",
        Type::Int16 => "i16",
        Type::Int32 => "i32",
        Type::Int64 => "i64",
        Type::Float32 => "f32",
        Type::Float64 => "f64",
        Type::Void | Type::Pointer | Type::Buffer | Type::CustomType(_) => return None,
    })
}

fn render(exports: &[Described]) -> Result<String, String> {
    let mut out =
        format!("// Written by `{COMMAND}` from rust/ffi: change that, not this file.\n\n");
    out.push_str("/** The number that a library made for these bindings answers. */\n");
    writeln!(out, "export const ABI = 0x{:08X};", lookaside::ABI).map_err(text)?;
    out.push_str("\n/** The version of the module and of the library. */\n");
    writeln!(
        out,
        "export const VERSION = {:?};",
        env!("CARGO_PKG_VERSION")
    )
    .map_err(text)?;
    out.push_str("\n/** What the library exports. */\nexport const SYMBOLS = {\n");
    for one in exports {
        symbol(&mut out, one)?;
    }
    out.push_str("} as const;\n");
    out.push_str("\n/** Offsets and numbers by which memory of the library is read. */\n");
    out.push_str("export const LAYOUT = {\n");
    for (name, value) in lookaside::layout::LAYOUT {
        writeln!(out, "  {name}: {value},").map_err(text)?;
    }
    out.push_str("} as const;\n");
    out.push_str("\n/** The codes of the bug checks that the emulation raises, by name. */\n");
    out.push_str("export const STOP_CODES = {\n");
    for (name, code) in lookaside::layout::STOP_CODES {
        writeln!(out, "  {name}: 0x{code:02X},").map_err(text)?;
    }
    out.push_str("} as const;\n");
    Ok(out)
}

fn symbol(out: &mut String, one: &Described) -> Result<(), String> {
    let Described { export, symbol } = one;
    let pairs = arguments(export)?;
    if pairs.len() != symbol.parameters.len() {
        return Err(format!(
            "Cannot bind {}: its arguments are not understood",
            export.name
        ));
    }
    let mut signature = Vec::new();
    let mut parameters = Vec::new();
    for ((argument, written), recorded) in pairs.iter().zip(symbol.parameters) {
        signature.push(format!("{argument}: {written}"));
        parameters.push(format!("{:?}", parameter(export.name, *recorded, written)?));
    }
    let returned = result(export.name, symbol.return_type, export.result)?;

    out.push_str("  /**\n");
    for line in export.doc {
        writeln!(out, "   *{}", line.trim_end()).map_err(text)?;
    }
    write!(out, "   *\n   * `{}({})", export.name, signature.join(", ")).map_err(text)?;
    if !export.result.is_empty() {
        write!(out, " -> {}", export.result).map_err(text)?;
    }
    writeln!(out, "`\n   */\n  {}: {{", export.name).map_err(text)?;
    let line = format!("    parameters: [{}],", parameters.join(", "));
    if line.len() <= LINE_WIDTH {
        writeln!(out, "{line}").map_err(text)?;
    } else {
        out.push_str("    parameters: [\n");
        for parameter in parameters {
            writeln!(out, "      {parameter},").map_err(text)?;
        }
        out.push_str("    ],\n");
    }
    writeln!(out, "    result: \"{returned}\",\n  }},").map_err(text)
}

fn text(error: std::fmt::Error) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::{Export, Type, arguments, exports, parameter, render, result};

    #[test]
    fn every_export_is_rendered() {
        let rendered = render(&exports(lookaside::MANIFEST).unwrap()).unwrap();
        for export in lookaside::MANIFEST {
            assert!(
                rendered.contains(&format!("\n  {}: {{\n", export.name)),
                "{}",
                export.name
            );
        }
    }

    #[test]
    fn every_stop_code_is_rendered() {
        let rendered = render(&exports(lookaside::MANIFEST).unwrap()).unwrap();
        assert!(rendered.contains("\n  BAD_POOL_CALLER: 0xC2,\n"));
        for (name, _) in lookaside::layout::STOP_CODES {
            assert_eq!(
                rendered.matches(&format!("\n  {name}: 0x")).count(),
                1,
                "{name}"
            );
        }
    }

    #[test]
    fn a_manifest_that_lacks_an_export_is_refused() {
        assert!(exports(&lookaside::MANIFEST[1..]).is_err());
    }

    #[test]
    fn arguments_are_read_whatever_the_white_space() {
        let mut export = Export {
            name: "f",
            arguments: "(a: u32, b: *mut u8)",
            result: "",
            calls_back: false,
            doc: &[],
        };
        let tight = arguments(&export).unwrap();
        export.arguments = "( a : u32 , b : * mut u8 , )";
        assert_eq!(arguments(&export).unwrap(), tight);
        assert_eq!(
            tight,
            [("a", "u32"), ("b", "*mut u8")].map(|(a, b)| (a.into(), b.into()))
        );
        export.arguments = "()";
        assert!(arguments(&export).unwrap().is_empty());
    }

    #[test]
    fn bool_and_alias_results_are_refused() {
        assert!(result("f", Type::CustomType("bool"), "bool").is_err());
        assert!(result("f", Type::Pointer, "Alias").is_err());
        assert_eq!(result("f", Type::Void, ""), Ok("void"));
        assert_eq!(result("f", Type::Float64, "f64"), Ok("f64"));
    }

    #[test]
    fn a_pointer_to_bytes_is_a_buffer() {
        assert_eq!(parameter("f", Type::Pointer, "*mut u8"), Ok("buffer"));
        assert_eq!(parameter("f", Type::Pointer, "*const u8"), Ok("buffer"));
        assert_eq!(parameter("f", Type::Pointer, "*mut c_void"), Ok("pointer"));
        assert!(parameter("f", Type::CustomType("X"), "X").is_err());
        assert!(parameter("f", Type::Buffer, "&mut [u8]").is_err());
    }
}
