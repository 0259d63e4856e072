//! `EMU_VERIFIER`: options for a program that names none itself.

use std::env;

use super::LOW_RESOURCES;

/// Low resources simulation fails so many of 10,000 requests unless another number is given.
const DEFAULT_FAULTS: u32 = 600;

/// What the environment variable says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Environment {
    pub(crate) flags: u32,
    /// The driver that is verified, by its name; every driver where none is named.
    pub(crate) driver: Option<String>,
    /// So many of 10,000 requests of pool fail.
    pub(crate) faults: Option<u32>,
    /// With these tags, in which `*` and `?` are wildcards; with any where there is none.
    pub(crate) tags: Vec<u32>,
    pub(crate) seed: u64,
}

impl Environment {
    /// The environment variable.
    pub(super) const VARIABLE: &str = "EMU_VERIFIER";

    /// What the variable says; none where it is not set.
    pub(super) fn read() -> Result<Option<Self>, String> {
        let text = env::var_os(Self::VARIABLE);
        let text = text.filter(|text| !text.is_empty());
        text.map(|text| Self::parse(&text.to_string_lossy()))
            .transpose()
    }

    /// Reads `flags=0x209bb driver=demo.sys faults=600 tags='Fred Tag*' seed=7`, in any order.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut read = Self {
            flags: 0,
            driver: None,
            faults: None,
            tags: Vec::new(),
            seed: 1,
        };
        let mut seen: Vec<&str> = Vec::new();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (name, after) = rest
                .split_once('=')
                .ok_or_else(|| format!("not of the form name=value: {rest}"))?;
            let (value, after) = value_of(after)?;
            if seen.contains(&name) {
                return Err(format!("{name} is given twice"));
            }
            seen.push(name);
            match name {
                "flags" => read.flags = known_flags(value)?,
                "driver" if value.is_empty() => return Err("driver must not be empty".to_owned()),
                "driver" => read.driver = Some(value.to_owned()),
                "faults" => read.faults = Some(faults_of(value)?),
                "tags" => {
                    let tags = value.split_whitespace().map(tag_of);
                    read.tags = tags.collect::<Result<_, _>>()?;
                }
                "seed" => {
                    read.seed =
                        number(value).ok_or_else(|| format!("seed is no number: {value}"))?;
                }
                _ => {
                    let known = "flags, driver, faults, tags, seed";
                    return Err(format!("there is no {name}; there are {known}"));
                }
            }
            rest = after.trim_start();
        }
        if read.faults.is_some() {
            read.flags |= LOW_RESOURCES;
        } else if read.flags & LOW_RESOURCES != 0 {
            read.faults = Some(DEFAULT_FAULTS);
        }
        if read.flags == 0 {
            return Err("flags are missing, such as flags=0x209bb".to_owned());
        }
        Ok(read)
    }

    /// Whether a driver with a name is verified.
    pub(crate) fn means(&self, name: &str) -> bool {
        self.driver.as_deref().is_none_or(|driver| driver == name)
    }
}

/// A value and what comes after it: up to white space, or between quotes.
fn value_of(text: &str) -> Result<(&str, &str), String> {
    for quote in ['\'', '"'] {
        if let Some(quoted) = text.strip_prefix(quote) {
            return quoted
                .split_once(quote)
                .ok_or_else(|| format!("a quote is not closed: {text}"));
        }
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    Ok(text.split_at(end))
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn known_flags(value: &str) -> Result<u32, String> {
    let flags = number(value).and_then(|flags| u32::try_from(flags).ok());
    let flags = flags.ok_or_else(|| format!("flags are no number of 32 bits: {value}"))?;
    let unknown = flags & !super::KNOWN;
    if unknown == 0 {
        Ok(flags)
    } else {
        Err(format!(
            "flags have bits that stand for no option here, {unknown:#x}: {value}"
        ))
    }
}

fn faults_of(value: &str) -> Result<u32, String> {
    let faults = number(value).filter(|faults| (1..=10_000).contains(faults));
    let faults = faults.ok_or_else(|| format!("faults must be in 1 … 10000: {value}"))?;
    Ok(faults as u32)
}

/// The tag that a text names.
pub(crate) fn tag_of(text: &str) -> Result<u32, String> {
    let bytes = text.as_bytes();
    let is_tag =
        (1..=4).contains(&bytes.len()) && bytes.iter().all(|byte| (b' '..=b'~').contains(byte));
    if !is_tag {
        return Err(format!(
            "a tag has one to four printable ASCII characters: {text}"
        ));
    }
    let mut tag = [0; 4];
    for (place, &byte) in tag.iter_mut().zip(bytes) {
        *place = byte;
    }
    Ok(u32::from_le_bytes(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_read_in_any_order_and_with_quotes() {
        let text = "seed=7 tags='Fred Tag*' flags=0x209bb driver=demo.sys faults=600";
        let read = Environment::parse(text).expect("it is right");
        assert_eq!(read.flags, 0x209BF);
        assert_eq!(read.faults, Some(600));
        let tags = [*b"Fred", *b"Tag*"].map(u32::from_le_bytes);
        assert_eq!(read.tags, tags);
        assert_eq!(read.seed, 7);
        assert!(read.means("demo.sys") && !read.means("other.sys"));
        let all = Environment::parse("flags=4").expect("it is right");
        assert!(all.means("any") && all.faults == Some(600));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, said) in [
            ("", "flags are missing, such as flags=0x209bb"),
            ("flags", "not of the form name=value: flags"),
            ("flags=x", "flags are no number of 32 bits: x"),
            ("flags=0x209bb flags=1", "flags is given twice"),
            (
                "flags=0x40000000",
                "flags have bits that stand for no option here, 0x40000000: 0x40000000",
            ),
            ("flags=1 faults=0", "faults must be in 1 … 10000: 0"),
            ("flags=1 faults=10001", "faults must be in 1 … 10000: 10001"),
            (
                "flags=1 tags=Freddy",
                "a tag has one to four printable ASCII characters: Freddy",
            ),
            ("flags=1 tags='Fred", "a quote is not closed: 'Fred"),
            ("flags=1 seed=-1", "seed is no number: -1"),
            (
                "flags=1 color=red",
                "there is no color; there are flags, driver, faults, tags, seed",
            ),
            ("flags=1 driver=", "driver must not be empty"),
        ] {
            assert_eq!(Environment::parse(text), Err(said.to_owned()), "{text}");
        }
    }
}
