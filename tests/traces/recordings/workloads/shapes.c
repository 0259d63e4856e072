/* Growth: a compiler keeps what it learns about a program until it ends. Macros make this one long. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(type, name) type name; type name##_before; uint64_t name##_changes;
#define SHAPE(name, type)                                                                          \
  struct name { FIELD(type, width) FIELD(type, height) FIELD(int, colour) struct name *next; };    \
  static inline struct name *name##_new(type width, type height) {                                 \
    struct name *made = malloc(sizeof *made);                                                      \
    if (made == NULL) return NULL;                                                                 \
    memset(made, 0, sizeof *made);                                                                 \
    made->width = width; made->height = height; made->colour = __LINE__;                           \
    return made;                                                                                   \
  }                                                                                                \
  static type name##_area(const struct name *it) {                                                 \
    type sum = 0;                                                                                  \
    for (; it != NULL; it = it->next) { if (it->width > 0) sum += it->width * it->height; }        \
    return sum;                                                                                    \
  }                                                                                                \
  static int name##_check(void) {                                                                  \
    struct name *list = NULL;                                                                      \
    for (int i = 1; i < 9; i++) {                                                                  \
      struct name *it = name##_new((type)i, (type)(i * 2));                                        \
      if (it == NULL) break;                                                                       \
      it->next = list; list = it;                                                                  \
    }                                                                                              \
    type sum = name##_area(list);                                                                  \
    while (list != NULL) { struct name *next = list->next; free(list); list = next; }              \
    printf(#name " %d\n", (int)sum);                                                               \
    return sum == (type)408;                                                                       \
  }
#define FOUR(name) SHAPE(name##_i, int) SHAPE(name##_l, long) SHAPE(name##_u, uint32_t) SHAPE(name##_d, double)
#define SIXTEEN(name) FOUR(name##0) FOUR(name##1) FOUR(name##2) FOUR(name##3)
#define CALL(name) &name##_i_check, &name##_l_check, &name##_u_check, &name##_d_check
#define CALLS(name) CALL(name##0), CALL(name##1), CALL(name##2), CALL(name##3)

SIXTEEN(round) SIXTEEN(square) SIXTEEN(plain) SIXTEEN(bent) SIXTEEN(open)

int main(void) {
  int (*const checks[])(void) = { CALLS(round), CALLS(square), CALLS(plain), CALLS(bent), CALLS(open) };
  for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) if (!checks[i]()) return 1;
  return 0;
}
