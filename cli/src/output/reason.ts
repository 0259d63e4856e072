/**
 * Why a file cannot be had, in words.
 *
 * @module
 */

/** Why a file cannot be had, in words. */
export function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file or folder";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
    return "there is no permission";
  }
  return error instanceof Error ? error.message : String(error);
}
