//! Programs: which lists there are and what is done with them, as proptest makes them.

use proptest::collection::vec;
use proptest::prelude::*;
use wdm::{
    EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE, EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL,
    POOL_COLD_ALLOCATION, POOL_NX_ALLOCATION, POOL_RAISE_IF_ALLOCATION_FAILURE, PoolType,
};

use crate::common::Kind;

/// What makes the entries of an Ex list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allocate {
    Default,
    /// A callback that takes them from pool.
    Pool,
    /// A callback that has them elsewhere; its free callback only takes note of what it gets.
    Outside,
    /// A callback that never has one.
    Nothing,
}

/// What gets the entries that an Ex list does not keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Free {
    Default,
    /// A callback that gives them to pool.
    Pool,
    /// A callback that takes note of them.
    Note,
}

/// What is asked for by flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    None,
    /// That the default routine raises.
    Raise,
    /// What else there is: to fail without raising; for legacy lists, not to be executable.
    Second,
}

/// How a list is initialised.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub kind: Kind,
    pub size: usize,
    pub pool_type: PoolType,
    pub flag: Flag,
    pub maximum: u16,
    pub in_pool: bool,
    pub is_confined: bool,
    pub allocate: Allocate,
    pub free: Free,
}

impl Shape {
    /// The same for another kind: a legacy list has a maximum depth and, here, routines by default.
    pub fn of_kind(self, kind: Kind) -> Self {
        match kind {
            Kind::Ex => Self {
                kind,
                free: match self.allocate {
                    Allocate::Outside => Free::Note,
                    _ => self.free,
                },
                ..self
            },
            Kind::NPaged | Kind::Paged => Self {
                kind,
                maximum: 0,
                allocate: Allocate::Default,
                free: Free::Default,
                ..self
            },
        }
    }

    /// The flags as the initialise routine takes them.
    pub fn flags(self) -> u32 {
        match (self.kind, self.flag) {
            (_, Flag::None) => 0,
            (Kind::Ex, Flag::Raise) => EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL,
            (Kind::Ex, Flag::Second) => EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE,
            (_, Flag::Raise) => POOL_RAISE_IF_ALLOCATION_FAILURE.cast_unsigned(),
            (_, Flag::Second) => POOL_NX_ALLOCATION.cast_unsigned(),
        }
    }
}

/// How a list makes room for the next in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Delete,
    Abandon,
    /// The next is initialised over it.
    None,
}

/// A mistake of the driver, each with the bug check that it has to end in.
#[derive(Clone, Copy, Debug)]
pub enum Misuse {
    FreeKept,
    FreeKeptToPool,
    FreeInside,
    FreeInsideToPool,
    FreeToAnotherList,
    FreeBlockToList,
    FreeBlockTwice,
    FreeBlockByWrongTag,
    FreeControlBlock,
    FreeNull,
    FreeOutside,
    FreeAfterPool,
    PushSmallBlock,
    ForeignThread,
    UninitialisedList,
    IllegalOptions,
}

/// One step. `list` and `pick` are taken modulo what there is.
#[derive(Clone, Copy, Debug)]
pub enum Operation {
    Allocate {
        list: usize,
        count: usize,
    },
    AllocateFailing {
        list: usize,
    },
    Free {
        list: usize,
        pick: usize,
        count: usize,
    },
    FreeToPool {
        list: usize,
        pick: usize,
    },
    Pop {
        list: usize,
    },
    Push {
        list: usize,
        pick: usize,
    },
    PushBlock {
        list: usize,
        pick: usize,
    },
    FlushHeader {
        list: usize,
    },
    Flush {
        list: usize,
    },
    SetDepth {
        list: usize,
        depth: u16,
    },
    Tick,
    Share {
        list: usize,
    },
    Replace {
        list: usize,
        ending: Ending,
        shape: Shape,
    },
    Misuse {
        list: usize,
        pick: usize,
        misuse: Misuse,
    },
    AllocateBlock {
        bytes: usize,
        is_paged: bool,
    },
    FreeBlock {
        pick: usize,
    },
}

/// A program and the lists that it begins with.
#[derive(Clone, Debug)]
pub struct Program {
    pub shapes: Vec<Shape>,
    pub operations: Vec<Operation>,
}

fn shape() -> impl Strategy<Value = Shape> {
    let kind = prop_oneof![3 => Just(Kind::Ex), 1 => Just(Kind::NPaged), 1 => Just(Kind::Paged)];
    let size = prop_oneof![
        4 => prop::sample::select(vec![0_usize, 1, 8, 16, 64, 100, 1000, 2048, 4095, 4096, 9000]),
        1 => 0_usize..9000,
    ];
    let pool_type = (
        prop::sample::select(vec![
            PoolType::NON_PAGED_POOL_NX,
            PoolType::NON_PAGED_POOL,
            PoolType::PAGED_POOL,
            PoolType::NON_PAGED_POOL_NX_CACHE_ALIGNED,
            PoolType::NON_PAGED_POOL_CACHE_ALIGNED,
            PoolType::PAGED_POOL_CACHE_ALIGNED,
        ]),
        prop::sample::select(vec![0, POOL_COLD_ALLOCATION]),
    );
    let maximum = prop::sample::select(vec![0_u16, 256, 300, 1024]);
    let allocate = prop_oneof![
        4 => Just(Allocate::Default),
        2 => Just(Allocate::Pool),
        1 => Just(Allocate::Outside),
        1 => Just(Allocate::Nothing),
    ];
    let free = prop_oneof![4 => Just(Free::Default), 2 => Just(Free::Pool), 1 => Just(Free::Note)];
    let flag = prop::sample::select(vec![Flag::None, Flag::None, Flag::Raise, Flag::Second]);
    let places = any::<[bool; 2]>();
    (kind, size, pool_type, flag, maximum, places, allocate, free).prop_map(
        |(kind, size, (pool_type, cold), flag, maximum, [in_pool, is_confined], allocate, free)| {
            let shape = Shape {
                kind,
                size,
                pool_type: PoolType(pool_type.0 | cold),
                flag,
                maximum,
                in_pool,
                is_confined,
                allocate,
                free,
            };
            shape.of_kind(kind)
        },
    )
}

fn misuse() -> impl Strategy<Value = Misuse> {
    prop::sample::select(vec![
        Misuse::FreeKept,
        Misuse::FreeKeptToPool,
        Misuse::FreeInside,
        Misuse::FreeInsideToPool,
        Misuse::FreeToAnotherList,
        Misuse::FreeBlockToList,
        Misuse::FreeBlockTwice,
        Misuse::FreeBlockByWrongTag,
        Misuse::FreeControlBlock,
        Misuse::FreeNull,
        Misuse::FreeOutside,
        Misuse::FreeAfterPool,
        Misuse::PushSmallBlock,
        Misuse::ForeignThread,
        Misuse::UninitialisedList,
        Misuse::IllegalOptions,
    ])
}

fn operation() -> impl Strategy<Value = Operation> {
    let list = 0_usize..60;
    let pick = 0_usize..1000;
    let count = prop_oneof![3 => 1_usize..3, 1 => 1_usize..24];
    let depth = prop_oneof![3 => 0_u16..40, 1 => 240_u16..270, 1 => any::<u16>()];
    let ending = prop::sample::select(vec![
        Ending::Delete,
        Ending::Delete,
        Ending::Abandon,
        Ending::None,
    ]);
    prop_oneof![
        40 => (list.clone(), count.clone()).prop_map(|(list, count)| Operation::Allocate { list, count }),
        3 => list.clone().prop_map(|list| Operation::AllocateFailing { list }),
        40 => (list.clone(), pick.clone(), count)
            .prop_map(|(list, pick, count)| Operation::Free { list, pick, count }),
        3 => (list.clone(), pick.clone()).prop_map(|(list, pick)| Operation::FreeToPool { list, pick }),
        3 => list.clone().prop_map(|list| Operation::Pop { list }),
        3 => (list.clone(), pick.clone()).prop_map(|(list, pick)| Operation::Push { list, pick }),
        3 => (list.clone(), pick.clone()).prop_map(|(list, pick)| Operation::PushBlock { list, pick }),
        1 => list.clone().prop_map(|list| Operation::FlushHeader { list }),
        3 => list.clone().prop_map(|list| Operation::Flush { list }),
        5 => (list.clone(), depth).prop_map(|(list, depth)| Operation::SetDepth { list, depth }),
        6 => Just(Operation::Tick),
        1 => list.clone().prop_map(|list| Operation::Share { list }),
        3 => (list.clone(), ending, shape())
            .prop_map(|(list, ending, shape)| Operation::Replace { list, ending, shape }),
        15 => (list, pick.clone(), misuse())
            .prop_map(|(list, pick, misuse)| Operation::Misuse { list, pick, misuse }),
        5 => (prop_oneof![1_usize..300, 1_usize..9000], any::<bool>())
            .prop_map(|(bytes, is_paged)| Operation::AllocateBlock { bytes, is_paged }),
        4 => pick.prop_map(|pick| Operation::FreeBlock { pick }),
    ]
}

/// Two to six lists and up to `length` steps.
pub fn program(length: usize) -> impl Strategy<Value = Program> {
    (vec(shape(), 2..=6), vec(operation(), 1..=length))
        .prop_map(|(shapes, operations)| Program { shapes, operations })
}
