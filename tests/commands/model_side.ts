/**
 * The model's side of a program of commands.
 *
 * This file adds what the model does not have: handles, views, owners, wrong arguments.
 *
 * @module
 */

import { NtStatus } from "../../mod.ts";
import { ModelBugCheck, ModelStatus } from "../../src/model.ts";
import type { ModelModule, TraceList, WorldList } from "../../src/trace.ts";
import { attempt } from "../../src/trace/world.ts";
import { hookedModel } from "../../tools/random/reentry.ts";
import { AFTER_DESTROY } from "./mistakes.ts";
import type { Like, Operation } from "./operations.ts";
import { Side, type SideList } from "./side.ts";

/** The model's side. */
export class ModelSide extends Side {
  constructor(model?: ModelModule) {
    super(hookedModel(model));
  }

  protected override create(_like: Like, line: TraceList): WorldList {
    return this.world.createList(line);
  }

  protected override share(on: SideList): void {
    if (on.like.allocate !== "default" || on.like.free !== "default") {
      throw new ModelStatus("share the list", NtStatus.InvalidDeviceState);
    }
  }

  protected override destroyRunning(): void {
    throw new ModelStatus("delete the list", NtStatus.InvalidDeviceState);
  }

  protected override freeManyBad(on: SideList, ordinals: readonly number[], bad: string): void {
    const [first = 0] = ordinals;
    // No entry begins at an address inside one: to the model it is an ordinal that none has.
    const none = 2 ** 32 - 1;
    on.list.freeMany([...ordinals, bad === "zero" ? 0 : bad === "one twice" ? first : none]);
  }

  protected override freeForged(): void {
    this.seen.push("refused");
  }

  protected override freeBlockTo(on: SideList): void {
    on.list.free(0);
  }

  protected override freeValue(_on: SideList, value: unknown): void {
    this.seen.push(typeof value === "number" ? "RangeError" : "TypeError");
  }

  protected override bytes(on: SideList): void {
    this.seen.push(on.like.size);
  }

  protected override take(on: SideList): { readonly ordinal: number; free(): void } {
    const ordinal = on.list.alloc();
    let isFree = false;
    const free = () => {
      if (!isFree) on.list.free(ordinal);
      isFree = true;
    };
    return { ordinal, free };
  }

  protected override borrow(on: SideList, use: (ordinal: number) => void): void {
    const ordinal = on.list.alloc();
    if (ordinal === 0) return;
    const takeBack = () => {
      if (this.lists.includes(on) && !on.isClosed) on.list.free(ordinal);
    };
    try {
      use(ordinal);
    } catch (error) {
      // The function's own error comes first, whatever the free comes to.
      attempt(takeBack);
      throw error;
    }
    takeBack();
  }

  protected override freePoolBadly(_block: number, how: "wrong tag" | "twice"): void {
    throw new ModelBugCheck(0xC2, [how === "wrong tag" ? 0x0A : 0x07, 0, 0, 0]);
  }

  protected override afterDestroy(_on: SideList, method: number): void {
    if (method % AFTER_DESTROY.length > 0) {
      throw new ModelStatus("use the list", NtStatus.DeletePending);
    }
  }

  protected override makeMistake(_on: SideList, operation: Operation & { op: "mistake" }): void {
    this.seen.push(operation.mistake.outcome);
  }

  protected override attach(): void {}
  protected override release(): void {}
  protected override use(): void {}
  protected override closeOwner(): void {}
  protected override checkSnapshots(): void {}
}
