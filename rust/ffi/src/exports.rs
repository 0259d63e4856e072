//! How an export is declared: once, for the linker, for `deno_bindgen` and for the ABI number.

/// One export, as the emitter of `src/native/library/bindings.ts` and the ABI number see it.
#[derive(Clone, Copy, Debug)]
pub struct Export {
    /// The symbol's name.
    pub name: &'static str,
    /// The arguments as written, in parentheses; the white space between tokens is not promised.
    pub arguments: &'static str,
    /// The result's type, empty for none.
    pub result: &'static str,
    /// Whether a callback of JavaScript may run inside it.
    pub calls_back: bool,
    /// The lines of the doc comment.
    pub doc: &'static [&'static str],
}

impl Export {
    /// Whether the caller's compiled code may be undone while the export runs: no callback runs inside
    /// it, or it returns nothing.
    pub const fn is_safe(&self) -> bool {
        !self.calls_back || self.result.is_empty()
    }
}

/// Declares exports and lists them in a constant `EXPORTS` of the module that it stands in.
///
/// ```text
/// exports! {
///     /// Tells whether there is such a list.
///     fn lookaside_exists(id: u32) -> u32 { … }
///
///     /// Gives an entry back to its list.
///     #[calls(back)]
///     fn lookaside_free(id: u32, entry: u32) { … }
/// }
/// ```
///
/// An export during which a callback of JavaScript may run is marked `#[calls(back)]`, and only then
/// are callbacks called. It returns nothing, but leaves its result in the isolate's slot: V8 ends the
/// process where the caller's compiled code is undone during a fast call with a result. A call
/// without one survives that.
///
/// Each becomes a `pub extern "C" fn` of that name. With the feature `bindgen` it is declared by
/// `deno_bindgen`, which records its types in an inventory and exports it under its name;
/// without, only the export is left. A result is a plain primitive type: `deno_bindgen` mistakes
/// `bool` and type aliases, and pointers are not matched.
// Arguments and body are matched as token trees: what is matched as a type or as a block reaches
// `deno_bindgen` inside an invisible group, which it does not read.
macro_rules! exports {
    (@marked) => { false };
    (@marked back) => { true };
    (@body { $($body:tt)* }) => {{ $($body)* }};
    (@body back { $($body:tt)* }) => { $crate::slot::allowed(|| { $($body)* }) };
    ($(
        $(#[doc = $doc:literal])*
        $(#[calls($back:ident)])?
        fn $name:ident $arguments:tt $(-> $result:ident)? { $($body:tt)* }
    )*) => {
        /// The exports declared in this module.
        pub const EXPORTS: &[$crate::exports::Export] = &[$($crate::exports::Export {
            name: stringify!($name),
            arguments: stringify!($arguments),
            result: concat!($(stringify!($result))?),
            calls_back: exports!(@marked $($back)?),
            doc: &[$($doc),*],
        }),*];

        $(
            $(#[doc = $doc])*
            // A loader calls by the bindings; Rust code calls none of these with a pointer (`EXPORTS`
            // is all it uses).
            #[allow(clippy::not_unsafe_ptr_arg_deref)]
            #[cfg_attr(feature = "bindgen", deno_bindgen::deno_bindgen)]
            #[cfg_attr(not(feature = "bindgen"), unsafe(no_mangle))]
            pub extern "C" fn $name $arguments $(-> $result)? {
                exports!(@body $($back)? { $($body)* })
            }
        )*
    };
}

/// Joins the modules' `EXPORTS` into the manifest of the library.
pub const fn join<const N: usize>(modules: &[&[Export]]) -> [Export; N] {
    let mut joined = [Export {
        name: "",
        arguments: "",
        result: "",
        calls_back: false,
        doc: &[],
    }; N];
    let mut filled = 0;
    let mut module = 0;
    while module < modules.len() {
        let mut index = 0;
        while index < modules[module].len() {
            assert!(modules[module][index].is_safe());
            joined[filled] = modules[module][index];
            filled += 1;
            index += 1;
        }
        module += 1;
    }
    assert!(filled == N);
    joined
}

/// How many exports the modules declare together.
pub const fn count(modules: &[&[Export]]) -> usize {
    let mut sum = 0;
    let mut module = 0;
    while module < modules.len() {
        sum += modules[module].len();
        module += 1;
    }
    sum
}

/// The ABI number: FNV-1a, 32 bits, over the signatures and the layout table.
///
/// Signatures enter without their white space, since the compiler does not promise how it prints
/// tokens. Doc comments do not count; the name of an argument does, for it often tells what the
/// number means.
pub const fn abi(manifest: &[Export], layout: &[(&str, u32)]) -> u32 {
    let mut hash = 0x811C_9DC5;
    let mut index = 0;
    while index < manifest.len() {
        hash = text(hash, manifest[index].name);
        hash = text(hash, manifest[index].arguments);
        hash = text(hash, manifest[index].result);
        index += 1;
    }
    index = 0;
    while index < layout.len() {
        hash = text(hash, layout[index].0);
        let value = layout[index].1.to_le_bytes();
        let mut place = 0;
        while place < value.len() {
            hash = byte(hash, value[place]);
            place += 1;
        }
        index += 1;
    }
    hash
}

const fn text(mut hash: u32, text: &str) -> u32 {
    let bytes = text.as_bytes();
    let mut index = 0;
    while index < bytes.len() {
        if !bytes[index].is_ascii_whitespace() {
            hash = byte(hash, bytes[index]);
        }
        index += 1;
    }
    // The end of a text counts, so that no two sequences of texts read the same.
    byte(hash, 0)
}

const fn byte(hash: u32, byte: u8) -> u32 {
    (hash ^ byte as u32).wrapping_mul(0x0100_0193)
}

#[cfg(test)]
mod tests {
    use super::{Export, abi};

    const EXPORT: Export = Export {
        name: "f",
        arguments: "(a: u32)",
        result: "u32",
        calls_back: false,
        doc: &[],
    };

    #[test]
    fn the_abi_number_ignores_white_space_and_docs() {
        let spaced = Export {
            arguments: "( a : u32 )",
            doc: &[" Text."],
            ..EXPORT
        };
        assert_eq!(abi(&[EXPORT], &[]), abi(&[spaced], &[]));
    }

    #[test]
    fn an_export_that_calls_back_returns_nothing() {
        let calls_back = Export {
            calls_back: true,
            ..EXPORT
        };
        assert!(EXPORT.is_safe());
        assert!(!calls_back.is_safe());
        assert!(
            Export {
                result: "",
                ..calls_back
            }
            .is_safe()
        );
        let marked = crate::MANIFEST.iter().filter(|export| export.calls_back);
        assert_eq!(
            marked.map(|export| export.name).collect::<Vec<_>>(),
            [
                "lookaside_destroy",
                "lookaside_alloc",
                "lookaside_free",
                "lookaside_alloc_many",
                "lookaside_free_many",
                "lookaside_flush",
                "lookaside_tick"
            ]
        );
    }

    #[test]
    fn the_abi_number_follows_signatures_and_layout() {
        let number = abi(&[EXPORT], &[("a", 1)]);
        assert_ne!(
            number,
            abi(
                &[Export {
                    name: "g",
                    ..EXPORT
                }],
                &[("a", 1)]
            )
        );
        assert_ne!(
            number,
            abi(
                &[Export {
                    arguments: "(a: u64)",
                    ..EXPORT
                }],
                &[("a", 1)]
            )
        );
        assert_ne!(
            number,
            abi(
                &[Export {
                    arguments: "(b: u32)",
                    ..EXPORT
                }],
                &[("a", 1)]
            )
        );
        assert_ne!(
            number,
            abi(
                &[Export {
                    result: "",
                    ..EXPORT
                }],
                &[("a", 1)]
            )
        );
        assert_ne!(number, abi(&[EXPORT], &[("a", 2)]));
        assert_ne!(number, abi(&[EXPORT], &[("b", 1)]));
        assert_ne!(number, abi(&[EXPORT], &[]));
    }
}
