//! What a debugger shows, as text in the layouts of its documentation (`debuggercmds`).
//!
//! Blocks in which `win-lookaside` keeps lists (tag `LkCb`) are not counted.

use std::fmt::Write;
use std::sync::atomic::Ordering;

use wdm::{PAGE_SIZE, PoolTag};

use crate::host::driver::Driver;
use crate::host::left::LeakKind;
use crate::list;
use crate::memory::control_block::Control;
use crate::memory::layout::{STATE_KEPT, TAG_ROWS};
use crate::memory::region::{self, Region};
use crate::memory::slist_header::Head;
use crate::pool::faults::{self, is_meant};
use crate::pool::{self, OWN_TAG, heap};
use crate::registry;
use crate::scope::{self, LevelChange};
use crate::verifier::{self, Counters};

const COMMANDS: &str =
    "!lookaside, !slist, !pool, !poolfind, !poolused, !verifier and verifier /query";

/// Runs a command of the kernel debugger's, or `verifier /query`, and returns what it prints.
///
/// | command | what it shows |
/// |---|---|
/// | `!lookaside [address \| 0 \| -all]` | lists; all where no address is given |
/// | `!lookaside address 1` | the list, whose counters are zero from now on |
/// | `!lookaside address 2 depth` | the list, whose `Depth` is another from now on |
/// | `!slist address` | the header of a list, and what the list keeps |
/// | `!pool address [flags]` | the blocks of the address's page; with 1 what they begin with, with 2 only the block itself |
/// | `!poolfind tag [0 \| 1 \| 2]` | blocks by tag in nonpaged, paged and special pool |
/// | `!poolused [2 \| 4] [tag]` | usage by tag, sorted by nonpaged (2) or paged (4) bytes |
/// | `!verifier [1 \| 3] [driver]` | counters, drivers, and with 3 what each has allocated |
/// | `!verifier 4 [count]` | the newest allocations that were made to fail |
/// | `!verifier 8 [count]` | the newest changes of levels since a driver was verified |
/// | `verifier /query` | counters, by driver too |
///
/// Numbers are hexadecimal, as in the debugger. In a tag `*` stands for any characters, `?` for one.
///
/// # Errors
///
/// A text that names what is wrong: a command that there is not, an argument that is none.
///
/// # Examples
///
/// ```
/// use ntoskrnl_emu::host;
/// let text = host::debug("!poolused 2 Fred*").unwrap();
/// assert!(text.starts_with("   Sorting by NonPaged Pool Consumed"));
/// assert!(host::debug("!analyze").unwrap_err().contains("!poolused"));
/// ```
pub fn debug(command: &str) -> Result<String, String> {
    let mut words = command.split_whitespace();
    let name = words.next().unwrap_or("");
    let arguments: Vec<&str> = words.collect();
    let run: fn(&Region, &[&str]) -> Result<String, String> = match name {
        "!lookaside" => lookaside,
        "!slist" => slist,
        "!pool" => pool_page,
        "!poolfind" => pool_find,
        "!poolused" => pool_used,
        "!verifier" => verifier_view,
        "verifier" if arguments == ["/query"] => query,
        _ => {
            return Err(format!(
                "no such command: \"{command}\"; there are {COMMANDS}",
                command = command.trim()
            ));
        }
    };
    let region = region::map().map_err(|status| format!("there is no pool: {status}"))?;
    run(region, &arguments)
}

/// A number in hexadecimal, with or without `0x`, or with the debugger's grave accent.
fn number(text: &str) -> Result<u64, String> {
    let digits = text.replace('`', "");
    let digits = digits.strip_prefix("0x").unwrap_or(&digits);
    u64::from_str_radix(digits, 16).map_err(|_| format!("not a hexadecimal number: \"{text}\""))
}

fn optional(arguments: &[&str], place: usize, usual: u64) -> Result<u64, String> {
    arguments.get(place).map_or(Ok(usual), |text| number(text))
}

/// A tag: four characters, or a pattern, or a number that begins with `0x`.
fn tag_argument(text: &str) -> Result<u32, String> {
    if let Some(digits) = text.strip_prefix("0x") {
        return u32::from_str_radix(digits, 16).map_err(|_| format!("not a tag: \"{text}\""));
    }
    // The debugger's tag may be one character longer than a tag is: `Fred*`.
    let text = match text.strip_suffix('*') {
        Some(whole) if whole.len() == 4 => whole,
        _ => text,
    };
    let mut characters = [b' '; 4];
    match characters.get_mut(..text.len()) {
        Some(place) if text.len() == 4 || text.contains('*') => {
            place.copy_from_slice(text.as_bytes());
        }
        _ => {
            return Err(format!(
                "not a tag of four characters, nor one with *: \"{text}\""
            ));
        }
    }
    Ok(u32::from_le_bytes(characters))
}

fn rate(total: u32, misses: u32) -> u64 {
    let hits = u64::from(total.wrapping_sub(misses));
    (hits * 100).checked_div(u64::from(total)).unwrap_or(0)
}

fn type_text(pool_type: u32) -> String {
    const MODIFIERS: [(u32, &str); 3] = [
        (0x10, " RaiseIfAllocationFailure"),
        (0x08, " QuotaFailInsteadOfRaise"),
        (0x100, " ColdAllocation"),
    ];
    let name = match pool_type & !0x118 {
        0 => "NonPagedPool",
        1 => "PagedPool",
        4 => "NonPagedPoolCacheAligned",
        5 => "PagedPoolCacheAligned",
        0x200 => "NonPagedPoolNx",
        0x204 => "NonPagedPoolNxCacheAligned",
        _ => "UnknownPool",
    };
    let mut text = format!("{pool_type:04x}  {name}");
    for (bit, name) in MODIFIERS {
        if pool_type & bit != 0 {
            text.push_str(name);
        }
    }
    text
}

/// What `!lookaside` changes of a list.
enum Change {
    None,
    Counters,
    Depth(u16),
}

impl Change {
    fn make(&self, control: Control<'_>) {
        match *self {
            Self::None => {}
            Self::Counters => control.clear_counters(),
            // Relaxed: a value by itself.
            Self::Depth(depth) => control.depth().store(depth, Ordering::Relaxed),
        }
    }
}

fn lookaside(region: &Region, arguments: &[&str]) -> Result<String, String> {
    let (wanted, change) = match arguments {
        [] | ["-all" | "0"] | ["0", "-all"] => (None, Change::None),
        [address] | [address, "0"] => (Some(number(address)?), Change::None),
        [address, "1"] => (Some(number(address)?), Change::Counters),
        [address, "2", depth] => {
            let new = number(depth)?;
            let new = u16::try_from(new).map_err(|_| format!("a depth is 0 … ffff: {new:x}"))?;
            (Some(number(address)?), Change::Depth(new))
        }
        [_, rest @ ..] => {
            let rest = rest.join(" ");
            return Err(format!(
                "the options are 0, 1, and 2 with a depth: \"{rest}\""
            ));
        }
    };
    let mut lists = Vec::new();
    registry::each(region, |index, record| {
        let address = record.list.load(Ordering::Relaxed);
        if wanted.is_some_and(|wanted| wanted != address) || !registry::stands(region, index) {
            return;
        }
        // SAFETY: registered, and the registry is locked while it is visited.
        let control = unsafe { registry::control_of(region, record) };
        change.make(control);
        // SAFETY: a control block begins with its header.
        let kept = unsafe { Head::new(control.list_head()) }.depth();
        let tag = record.tag.load(Ordering::Relaxed);
        let depth = control.depth().load(Ordering::Relaxed);
        let size = record.size.load(Ordering::Relaxed);
        let allocates = control.total_allocates().load(Ordering::Relaxed);
        let allocate_misses = control.allocate_misses().load(Ordering::Relaxed);
        let frees = control.total_frees().load(Ordering::Relaxed);
        let free_misses = control.free_misses().load(Ordering::Relaxed);
        let pool_type = type_text(record.pool_type.load(Ordering::Relaxed));
        let most = u64::from(size) * u64::from(depth);
        let (hit, kept_rate) = (rate(allocates, allocate_misses), rate(frees, free_misses));
        lists.push(format!(
            "Lookaside \"\" @ {address:#018x}  Tag(hex): {tag:#010x} \"{}\"\n    \
             Type           =       {pool_type}\n    \
             Current Depth  = {kept:>10}  Max Depth  = {depth:>10}\n    \
             Size           = {size:>10}  Max Alloc  = {most:>10}\n    \
             AllocateMisses = {allocate_misses:>10}  FreeMisses = {free_misses:>10}\n    \
             TotalAllocates = {allocates:>10}  TotalFrees = {frees:>10}\n    \
             Hit Rate       = {hit:>10}% Hit Rate   = {kept_rate:>10}%",
            PoolTag(tag)
        ));
    });
    match wanted {
        Some(address) if lists.is_empty() => Err(format!("no list is initialised at {address:#x}")),
        _ => Ok(lists.join("\n\n")),
    }
}

fn slist(region: &Region, arguments: &[&str]) -> Result<String, String> {
    let [address, ..] = arguments else {
        return Err("!slist needs the address of a list".to_owned());
    };
    let address = number(address)?;
    let mut text = None;
    registry::each(region, |index, record| {
        let at = record.list.load(Ordering::Relaxed);
        if at != address || !registry::stands(region, index) {
            return;
        }
        // SAFETY: registered, and the registry is locked while it is visited.
        let control = unsafe { registry::control_of(region, record) };
        // SAFETY: a control block begins with its header.
        let head = unsafe { Head::new(control.list_head()) };
        let counts = head.counts.load(Ordering::Relaxed);
        // Bit 0 is the lock.
        let first = head.first.load(Ordering::Relaxed) & !1;
        let (depth, sequence) = (counts & 0xffff, counts >> 16);
        let mut out = format!(
            "SLIST HEADER:\n   +0x000 Alignment          : {counts:x}\n   \
             +0x000 Depth              : {depth:x}\n   +0x000 Sequence           : {sequence:x}\n   \
             +0x008 Next               : {first:x}\n\nSLIST CONTENTS:\n"
        );
        let mut link = first;
        for _ in 0..depth {
            let Some(offset) = region.offset_of(link as usize) else {
                break;
            };
            if link & 0xf != 0 || !pool::is_of_list(region, offset, STATE_KEPT, index) {
                break;
            }
            // SAFETY: an entry in the pool that a list keeps.
            let next = unsafe { list::link_at(region.at(offset).cast()) };
            let next = next.load(Ordering::Relaxed);
            let _ = writeln!(out, "{link:016x}  {next:016x}");
            link = next;
        }
        text = Some(out);
    });
    text.ok_or_else(|| format!("no list is initialised at {address:#x}"))
}

fn row(address: usize, place: (u32, u32), is_live: bool, tag: u32, mark: &str) -> String {
    let (bytes, before) = place;
    let state = if is_live {
        "(Allocated)"
    } else {
        "(Free)     "
    };
    format!(
        "{mark}{address:016x} size: {bytes:>4x} previous size: {before:>4x}  {state} {mark}{}",
        PoolTag(tag)
    )
}

/// What a block of the mapping begins with, as `!pool` shows it: two lines of four numbers at most.
fn contents(region: &Region, place: u32, bytes: u32) -> String {
    const LINE: u32 = 16;
    let lines = (0..bytes.min(2 * LINE)).step_by(LINE as usize).enumerate();
    let line = |(number, at): (usize, u32)| {
        let start = region.at(place + at);
        let indent = if number == 0 { " " } else { "    " };
        let mut text = format!("\n{indent}{:016x} ", start.addr());
        for word in 0..((bytes - at) / 4).min(4) as usize {
            // SAFETY: in the pool, at a multiple of four; whatever is there is shown.
            let value = unsafe { start.cast::<u32>().wrapping_add(word).read_volatile() };
            let _ = write!(text, " {value:08x}");
        }
        text
    };
    lines.map(line).collect::<String>() + "\n"
}

fn pool_page(region: &Region, arguments: &[&str]) -> Result<String, String> {
    let [address, ..] = arguments else {
        return Err("!pool needs an address".to_owned());
    };
    let address = number(address)? as usize;
    let flags = optional(arguments, 1, 0)?;
    let Some(offset) = region.offset_of(address) else {
        let special = pool::special::around(address).filter(|slot| slot.is_live);
        let block = heap::block_at(address).map(|block| (address, block.bytes, block.tag));
        let found = special
            .map(|slot| (slot.start, slot.bytes, slot.tag))
            .or(block);
        let (start, bytes, tag) =
            found.ok_or_else(|| format!("{address:#x} is not in the pool"))?;
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        return Ok(row(start, (bytes, 0), true, tag, "*"));
    };
    let mut text = Vec::new();
    let mut before = 0;
    for place in pool::places_on_page(region, offset) {
        let start = region.at(place.offset).addr();
        let holds = offset.wrapping_sub(place.offset) < place.bytes;
        if holds || flags & 2 == 0 {
            let mark = if holds { "*" } else { " " };
            let size = (place.bytes, before);
            let mut shown = row(start, size, place.is_live, place.tag, mark);
            if flags & 1 != 0 {
                shown.push_str(&contents(region, place.offset, place.bytes));
            }
            text.push(shown);
        }
        before = place.bytes;
    }
    if text.is_empty() {
        return Err(format!("no block lies on the page of {address:#x}"));
    }
    Ok(text.join("\n"))
}

fn pool_find(region: &Region, arguments: &[&str]) -> Result<String, String> {
    let [tag, ..] = arguments else {
        return Err("!poolfind needs a tag".to_owned());
    };
    let wanted = tag_argument(tag)?;
    let kind = optional(arguments, 1, 0)?;
    let name = match kind {
        0 => "NonPaged",
        1 => "Paged",
        2 => "special",
        _ => return Err(format!("the pool is 0, 1 or 2: {kind:x}")),
    };
    let start = region.pool().addr();
    let end = start + region.pool_bytes();
    let mut text = format!("Searching {name} pool ({start:016x} : {end:016x}) for Tag: {tag}\n");
    let mut show = |address: usize, place, is_live, tag| {
        let _ = write!(text, "\n{}", row(address, place, is_live, tag, ""));
    };
    if kind == 2 {
        let all = scope::loaded().into_iter().flat_map(heap::of_driver);
        for (address, block) in all.filter(|(_, block)| is_meant(wanted, block.tag)) {
            let bytes = u32::try_from(block.bytes).unwrap_or(u32::MAX);
            show(address, (bytes, 0), true, block.tag);
        }
        return Ok(text);
    }
    let mut page = 1;
    while page < pool::end_of_pages() {
        let mut before = 0;
        let mut pages = 1;
        for place in pool::places_on_page(region, page * PAGE_SIZE as u32) {
            pages = pages.max(place.bytes.div_ceil(PAGE_SIZE as u32));
            let is_own = place.tag == OWN_TAG;
            let is_kind = place.is_paged == (kind == 1);
            if is_meant(wanted, place.tag) && is_kind && !is_own {
                let address = region.at(place.offset).addr();
                show(address, (place.bytes, before), place.is_live, place.tag);
            }
            before = place.bytes;
        }
        page += pages;
    }
    Ok(text)
}

fn pool_used(region: &Region, arguments: &[&str]) -> Result<String, String> {
    let flags = optional(arguments, 0, 0)?;
    if flags & 6 == 6 || flags > 7 {
        return Err(format!("the flags are 1, and 2 or 4: {flags:x}"));
    }
    let wanted = match arguments.get(1) {
        Some(tag) => tag_argument(tag)?,
        None => 0,
    };
    // Allocations and bytes, nonpaged and paged, by tag.
    let mut usage: Vec<(u32, [[u64; 2]; 2])> = Vec::new();
    for number in 0..TAG_ROWS {
        let row = region.tag_row(number);
        let tag = row.tag.load(Ordering::Relaxed);
        let pool = match row.pool.load(Ordering::Relaxed) {
            1 => 0,
            2 => 1,
            _ => continue,
        };
        if tag == OWN_TAG || !is_meant(wanted, tag) {
            continue;
        }
        let frees = row.frees.load(Ordering::Relaxed);
        let live = row.allocs.load(Ordering::Relaxed).wrapping_sub(frees);
        let bytes = row.bytes.load(Ordering::Relaxed);
        let known = usage.iter().position(|(known, _)| *known == tag);
        let place = known.unwrap_or(usage.len());
        if known.is_none() {
            usage.push((tag, [[0; 2]; 2]));
        }
        if let Some((_, pools)) = usage.get_mut(place) {
            pools[pool][0] = pools[pool][0].wrapping_add(live);
            pools[pool][1] = pools[pool][1].wrapping_add(bytes);
        }
    }
    usage.retain(|(_, pools)| pools.iter().any(|pool| pool[0] != 0));
    usage.sort_by_key(|&(tag, _)| tag.to_le_bytes());
    let sorting = match flags & 6 {
        2 => {
            usage.sort_by_key(|&(_, pools)| std::cmp::Reverse(pools[0][1]));
            "NonPaged Pool Consumed"
        }
        4 => {
            usage.sort_by_key(|&(_, pools)| std::cmp::Reverse(pools[1][1]));
            "Paged Pool Consumed"
        }
        _ => " Tag",
    };
    let mut text = format!(
        "   Sorting by {sorting}\n\n  Pool Used:\n            NonPaged            Paged\n \
         Tag    Allocs     Used    Allocs     Used\n"
    );
    let mut total = [[0_u64; 2]; 2];
    let mut line = |name: &str, pools: [[u64; 2]; 2]| {
        let [[first, second], [third, fourth]] = pools;
        let _ = writeln!(
            text,
            " {name:<5}{first:>8} {second:>8}  {third:>8} {fourth:>8}"
        );
    };
    for (tag, pools) in usage {
        line(&PoolTag(tag).to_string(), pools);
        for (sum, pool) in total.iter_mut().zip(pools) {
            sum[0] = sum[0].wrapping_add(pool[0]);
            sum[1] = sum[1].wrapping_add(pool[1]);
        }
    }
    line("TOTAL", total);
    Ok(text)
}

/// The options that the first lines of `!verifier` name, by their bits.
const OPTIONS: &[(u32, &str)] = &[
    (0x1, "Special pool"),
    (0x2, "Special irql"),
    (0x4, "Inject random low-resource API failures"),
    (0x8, "All pool allocations checked on unload"),
    (0x10, "Io subsystem checking enabled"),
    (0x20, "Deadlock detection enabled"),
    (0x80, "DMA checking enabled"),
    (0x100, "Security checks enabled"),
    (0x800, "Miscellaneous checks enabled"),
    (0x2_0000, "DDI compliance checking enabled"),
];

fn verified(name: Option<&&str>) -> Vec<(Driver, u32)> {
    let all = scope::loaded().into_iter().filter_map(Driver::by_index);
    all.map(|driver| (driver, verifier::flags(driver.index())))
        .filter(|&(driver, flags)| flags != 0 && name.is_none_or(|name| driver.name() == **name))
        .collect()
}

fn level_of(drivers: &[(Driver, u32)]) -> u32 {
    drivers.iter().fold(0, |all, &(_, flags)| all | flags) & verifier::KNOWN
}

fn sum(drivers: &[(Driver, u32)]) -> Counters {
    let mut all = Counters::default();
    for (driver, _) in drivers {
        let one = driver.query();
        all.raise_irqls += one.raise_irqls;
        all.acquire_spin_locks += one.acquire_spin_locks;
        all.synch_executions += one.synch_executions;
        all.trims += one.trims;
        all.allocations_attempted += one.allocations_attempted;
        all.allocations_succeeded += one.allocations_succeeded;
        all.allocations_succeeded_special_pool += one.allocations_succeeded_special_pool;
        all.allocations_without_tag += one.allocations_without_tag;
        all.allocations_failed += one.allocations_failed;
        all.faults_injected += one.faults_injected;
        for (is_paged, one) in [(false, one.nonpaged), (true, one.paged)] {
            let all = all.pool(is_paged);
            all.current_allocations += one.current_allocations;
            all.current_bytes += one.current_bytes;
            all.peak_allocations += one.peak_allocations;
            all.peak_bytes += one.peak_bytes;
        }
    }
    all
}

fn verifier_view(_region: &Region, arguments: &[&str]) -> Result<String, String> {
    match optional(arguments, 0, 0)? {
        4 => Ok(fault_log(optional(arguments, 1, 4)?)),
        8 => Ok(level_log(optional(arguments, 1, 4)?)),
        flags if flags <= 0xf => {
            let mut text = summary(flags, arguments.get(1))?;
            if flags & 4 != 0 {
                text.push_str(&fault_log(4));
            }
            if flags & 8 != 0 {
                text.push_str(&level_log(4));
            }
            Ok(text)
        }
        flags => Err(format!("the flags of !verifier are 0 … f: {flags:x}")),
    }
}

fn summary(flags: u64, name: Option<&&str>) -> Result<String, String> {
    let drivers = verified(name);
    if let (Some(name), true) = (name, drivers.is_empty()) {
        return Err(format!("no driver with this name is verified: \"{name}\""));
    }
    let level = level_of(&drivers);
    let mut text = format!("Verify Level {level:x} ... enabled options are:\n");
    for (_, option) in OPTIONS.iter().filter(|(bit, _)| level & bit != 0) {
        let _ = writeln!(text, "    {option}");
    }
    let all = sum(&drivers);
    let _ = write!(
        text,
        "\nSummary of All Verifier Statistics\n\n\
         RaiseIrqls                             {:#x}\n\
         AcquireSpinLocks                       {:#x}\n\
         Synch Executions                       {:#x}\n\
         Trims                                  {:#x}\n\n\
         Pool Allocations Attempted             {:#x}\n\
         Pool Allocations Succeeded             {:#x}\n\
         Pool Allocations Succeeded SpecialPool {:#x}\n\
         Pool Allocations With NO TAG           {:#x}\n\
         Pool Allocations Failed                {:#x}\n\
         Resource Allocations Failed Deliberately   {:#x}\n\n\
         Current paged pool allocations         {:#x} for {:08X} bytes\n\
         Peak paged pool allocations            {:#x} for {:08X} bytes\n\
         Current nonpaged pool allocations      {:#x} for {:08X} bytes\n\
         Peak nonpaged pool allocations         {:#x} for {:08X} bytes\n",
        all.raise_irqls,
        all.acquire_spin_locks,
        all.synch_executions,
        all.trims,
        all.allocations_attempted,
        all.allocations_succeeded,
        all.allocations_succeeded_special_pool,
        all.allocations_without_tag,
        all.allocations_failed,
        all.faults_injected,
        all.paged.current_allocations,
        all.paged.current_bytes,
        all.paged.peak_allocations,
        all.paged.peak_bytes,
        all.nonpaged.current_allocations,
        all.nonpaged.current_bytes,
        all.nonpaged.peak_allocations,
        all.nonpaged.peak_bytes,
    );
    if flags & 1 != 0 {
        text.push_str(
            "\nDriver Verification List\n\n\
             Entry     State           NonPagedPool   PagedPool   Module\n",
        );
        for &(driver, _) in &drivers {
            text.push_str(&driver_rows(driver, flags & 2 != 0));
        }
    }
    Ok(text)
}

fn driver_rows(driver: Driver, with_blocks: bool) -> String {
    let Counters {
        nonpaged, paged, ..
    } = driver.query();
    let mut text = format!(
        "\n{:016x} Loaded           {:08x}       {:08x}    {}\n",
        driver.index(),
        nonpaged.current_bytes,
        paged.current_bytes,
        driver.name()
    );
    if !with_blocks {
        return text;
    }
    let _ = write!(
        text,
        "\nCurrent Pool Allocations  {:08x}    {:08x}\n\
         Current Pool Bytes        {:08x}    {:08x}\n\
         Peak Pool Allocations     {:08x}    {:08x}\n\
         Peak Pool Bytes           {:08x}    {:08x}\n\n\
         PoolAddress  SizeInBytes    Tag       CallersAddress\n",
        nonpaged.current_allocations,
        paged.current_allocations,
        nonpaged.current_bytes,
        paged.current_bytes,
        nonpaged.peak_allocations,
        paged.peak_allocations,
        nonpaged.peak_bytes,
        paged.peak_bytes,
    );
    for leak in driver.leaks() {
        if leak.kind != LeakKind::List {
            let (address, bytes, tag) = (leak.address, leak.bytes, PoolTag(leak.tag));
            let caller = leak.allocated_at().into_iter().next();
            let caller = caller.unwrap_or_else(|| "0000000000000000".to_owned());
            let _ = writeln!(
                text,
                "{address:016x}     {bytes:#010x}     {tag}      {caller}"
            );
        }
    }
    text
}

fn heading(name: &str) -> String {
    let line = "-".repeat(47);
    format!("\n{line} \n{name:<48}\n{line} \n\n")
}

fn fault_log(count: u64) -> String {
    let mut text = heading("Fault injection trace log");
    let injected = faults::injected();
    if injected.is_empty() {
        text.push_str("Driver Verifier didn't inject any faults.\n");
    }
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    for (driver, tag, stack) in injected.iter().rev().take(count) {
        let name = scope::driver_name(*driver);
        let _ = writeln!(text, "Driver {name}, tag {}", PoolTag(*tag));
        for frame in stack.frames() {
            let _ = writeln!(text, "    {frame}");
        }
    }
    text
}

fn level_log(count: u64) -> String {
    let mut text = heading("Track irql trace log");
    let _ = writeln!(
        text,
        "Displaying most recent {count:#018x} entries from the IRQL transition log.\n\
         There are up to 0x100 entries in the log."
    );
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    for change in scope::level_changes().iter().rev().take(count) {
        let LevelChange {
            thread,
            old,
            new,
            time,
            stack,
        } = *change;
        let _ = write!(
            text,
            "\nThread:             {thread:016x}\nOld irql:           {old:016x}\n\
             New irql:           {new:016x}\nProcessor:          {:016x}\n\
             Time stamp:         {time:016x}\n",
            0
        );
        for frame in stack.frames() {
            let _ = write!(text, "\n    {frame}");
        }
    }
    text
}

fn query(_region: &Region, _arguments: &[&str]) -> Result<String, String> {
    let drivers = verified(None);
    let all = sum(&drivers);
    let mut text = format!(
        "Verifier Flags: {:#010x}\n\nGlobal counters:\n\n\
         RaiseIRQLs: {}\nAcquireSpinLocks: {}\nSynchronizeExecutions: {}\nTrims: {}\n\
         AllocationsAttempted: {}\nAllocationsSucceeded: {}\n\
         AllocationsSucceededSpecialPool: {}\nAllocationsWithNoTag: {}\n\
         AllocationsFailed: {}\nAllocationsFailedDeliberately: {}\n\nVerified Drivers:\n",
        level_of(&drivers),
        all.raise_irqls,
        all.acquire_spin_locks,
        all.synch_executions,
        all.trims,
        all.allocations_attempted,
        all.allocations_succeeded,
        all.allocations_succeeded_special_pool,
        all.allocations_without_tag,
        all.allocations_failed,
        all.faults_injected,
    );
    for (driver, _) in drivers {
        let Counters {
            nonpaged, paged, ..
        } = driver.query();
        let _ = write!(
            text,
            "\nName: {}, loads: 1, unloads: 0\n\
             CurrentPagedPoolAllocations: {}\nCurrentNonPagedPoolAllocations: {}\n\
             PeakPagedPoolAllocations: {}\nPeakNonPagedPoolAllocations: {}\n\
             PagedPoolUsageInBytes: {}\nNonPagedPoolUsageInBytes: {}\n\
             PeakPagedPoolUsageInBytes: {}\nPeakNonPagedPoolUsageInBytes: {}\n",
            driver.name(),
            paged.current_allocations,
            nonpaged.current_allocations,
            paged.peak_allocations,
            nonpaged.peak_allocations,
            paged.current_bytes,
            nonpaged.current_bytes,
            paged.peak_bytes,
            nonpaged.peak_bytes,
        );
    }
    Ok(text)
}
