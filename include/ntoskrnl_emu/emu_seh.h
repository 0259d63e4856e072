/*
 * `__try`, `__except`, `__finally` and `__leave`, which run: an exception, such as pool raises on
 * request, goes to the innermost `__try` of its thread. Without this header an exception stops the
 * process (ntdef.h). docs/c.md has what differs from Windows.
 *
 * A file includes it behind the headers of the C++ library, or gets it by `-include emu_seh.h`.
 *
 * In C a `__try` is a frame that is left by a jump, so the compiler's optimiser would lose what a
 * variable held at the raise: it is switched off for the functions behind this header. In C++ a `__try`
 * is a `try`, and nothing is.
 */
#ifndef NTOSKRNL_EMU_EMU_SEH_H
#define NTOSKRNL_EMU_EMU_SEH_H

/* The words are made of what gcc and clang have beyond the standard: local labels, cleanups. */
#pragma GCC system_header

#include "wdm.h"

#ifdef __cplusplus
#include <exception>
#else
#include <setjmp.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* A guarded section: what `__try` makes. */
typedef struct emu_seh_frame_ emu_seh_frame;
typedef void (*emu_seh_leap)(emu_seh_frame *frame);
struct emu_seh_frame_ {
    __attribute__((aligned(16))) ULONG64 exception[8];  /* the unwinder's */
    emu_seh_leap leap;          /* goes to the section */
    void *stack;                /* where its function's stack ends; NULL where the leap unwinds */
    ULONG64 address;            /* of the raise */
    NTSTATUS status;            /* of the exception */
    ULONG is_finally;
};
C_ASSERT(sizeof(emu_seh_frame) == 96 && offsetof(emu_seh_frame, is_finally) == 92);

/* What the words below are made of. */
void emu_seh_enter(emu_seh_frame *frame);
void emu_seh_end(emu_seh_frame *frame);
void emu_seh_left(emu_seh_frame *frame);
void emu_seh_left_finally(void);
void emu_seh_arrive(emu_seh_frame *frame);
DECLSPEC_NORETURN
void emu_seh_raise(NTSTATUS status, ULONG64 address);
void emu_seh_handle(void *function, NTSTATUS status);
ULONG NTAPI emu_seh_code(void *function);

#ifdef __cplusplus
}
#endif

#define EMU_SEH_UNUSED __attribute__((unused))
#define EMU_SEH_JOIN_(first, second) first##second
#define EMU_SEH_JOIN(first, second) EMU_SEH_JOIN_(first, second)

/* What a filter sees of an exception. */
typedef struct emu_seh_record_ {
    EXCEPTION_RECORD record;
    EXCEPTION_POINTERS pointers;
} emu_seh_record;

EMU_SEH_UNUSED static inline void emu_seh_note(emu_seh_record *into, const emu_seh_frame *frame)
{
    static const EXCEPTION_RECORD nothing = {0, 0, NULL, NULL, 0, {0}};
    into->record = nothing;
    into->record.ExceptionCode = frame->status;
    into->record.ExceptionFlags = EXCEPTION_NONCONTINUABLE;
    into->record.ExceptionAddress = (PVOID)(ULONG_PTR)frame->address;
    into->pointers.ExceptionRecord = &into->record;
    into->pointers.ContextRecord = NULL;
}

/* Returns where a filter takes the exception; where it does not, the search goes on. */
EMU_SEH_UNUSED static inline void emu_seh_decide(const emu_seh_frame *frame, LONG choice)
{
    if (choice == EXCEPTION_CONTINUE_SEARCH) {
        emu_seh_raise(frame->status, frame->address);
    }
    if (choice < 0) {
        emu_seh_raise(STATUS_NONCONTINUABLE_EXCEPTION, frame->address);
    }
}

#ifdef __cplusplus
/* Words of the library of gcc, whose `__try` is another one. */
#undef __catch
#define __catch(what) _Pragma("GCC error \"emu_seh.h stands behind the headers of the C++ library\"") catch (what)
#endif
#undef __try
#undef __except
#undef __finally
#undef __leave
#undef GetExceptionCode
#undef GetExceptionInformation
#undef _exception_code
#undef _exception_info
#undef AbnormalTermination
#define __try EMU_SEH_TRY
#define __except(...) EMU_SEH_EXCEPT((__VA_ARGS__), __COUNTER__)
#define __finally EMU_SEH_FINALLY(__COUNTER__)
/* A label of the innermost `__try`: beyond one it is none. */
#define __leave goto emu_leave_
#define GetExceptionInformation() (&emu_here_.noted.pointers)
#define AbnormalTermination() ((BOOLEAN)emu_finally_.is_raised())
#define _exception_code() GetExceptionCode()
#define _exception_info() GetExceptionInformation()
#define _abnormal_termination() AbnormalTermination()
#define exception_code() GetExceptionCode()
#define exception_info() GetExceptionInformation()
#define abnormal_termination() AbnormalTermination()

/*
 * Both words end what `__try` begins: `if (1) { ... } else label:`, so that `break`, `continue` and
 * `return` are the function's own. What stands behind the section runs first, and says which kind it is.
 */
#ifndef __cplusplus

typedef struct emu_seh_scope_ {
    emu_seh_frame frame;
    emu_seh_record noted;
    jmp_buf jump;
} emu_seh_scope;

/* What a `__finally` goes on with. */
typedef struct emu_seh_rest_ {
    BOOLEAN raised, done;
    NTSTATUS status;
    ULONG64 address;
} emu_seh_rest;

/* From the end of a `__try` to its `__finally`. */
EMU_SEH_UNUSED static __thread emu_seh_rest emu_seh_handed_;

EMU_SEH_UNUSED static void emu_seh_jump(emu_seh_frame *frame)
{
    longjmp(((emu_seh_scope *)frame)->jump, 1);
}

/* Arms a section. The stack of the calling function ends where that of this one begins. */
__attribute__((noinline)) EMU_SEH_UNUSED static void emu_seh_begin(emu_seh_scope *scope)
{
#if defined(__clang__) && defined(__aarch64__)
    scope->frame.stack = (char *)__builtin_frame_address(0) + 16;
#else
    scope->frame.stack = __builtin_dwarf_cfa();
#endif
    emu_seh_enter(&scope->frame);
}

EMU_SEH_UNUSED static inline void emu_seh_prepare(emu_seh_scope *scope, ULONG is_finally)
{
    scope->frame.leap = emu_seh_jump;
    scope->frame.is_finally = is_finally;
    scope->frame.status = STATUS_SUCCESS;
}

EMU_SEH_UNUSED static inline void emu_seh_scope_left(emu_seh_scope *scope)
{
    emu_seh_left(&scope->frame);
}

EMU_SEH_UNUSED static inline void emu_seh_filter(emu_seh_scope *scope, void *function)
{
    emu_seh_arrive(&scope->frame);
    emu_seh_note(&scope->noted, &scope->frame);
    emu_seh_handle(function, scope->frame.status);
}

EMU_SEH_UNUSED static inline void emu_seh_hand_over(emu_seh_scope *scope, BOOLEAN is_raised)
{
    emu_seh_handed_.raised = is_raised;
    emu_seh_handed_.done = FALSE;
    emu_seh_handed_.status = scope->frame.status;
    emu_seh_handed_.address = scope->frame.address;
}

EMU_SEH_UNUSED static inline void emu_seh_go_on(emu_seh_rest *rest)
{
    rest->done = TRUE;
    if (rest->raised) {
        emu_seh_raise(rest->status, rest->address);
    }
}

EMU_SEH_UNUSED static inline void emu_seh_rest_left(emu_seh_rest *rest)
{
    if (!rest->done) {
        emu_seh_left_finally();
    }
}

#define EMU_SEH_TRY                                                                     \
    if (1) {                                                                            \
        __label__ emu_setup_, emu_body_, emu_raised_, emu_leave_;                       \
        __attribute__((cleanup(emu_seh_scope_left))) emu_seh_scope emu_here_;           \
        goto emu_setup_;                                                                \
    emu_body_:                                                                          \
        if (setjmp(emu_here_.jump) != 0) {                                              \
            goto emu_raised_;                                                           \
        }                                                                               \
        emu_seh_begin(&emu_here_);

#define EMU_SEH_EXCEPT(filter, number)                                                  \
    emu_leave_: EMU_SEH_UNUSED;                                                         \
        emu_seh_end(&emu_here_.frame);                                                  \
        if (0) {                                                                        \
        emu_setup_:                                                                     \
            emu_seh_prepare(&emu_here_, FALSE);                                         \
            goto emu_body_;                                                             \
        emu_raised_:                                                                    \
            emu_seh_filter(&emu_here_, __builtin_frame_address(0));                     \
            emu_seh_decide(&emu_here_.frame, (LONG)filter);                             \
            goto EMU_SEH_JOIN(emu_handler_, number);                                    \
        }                                                                               \
    } else EMU_SEH_JOIN(emu_handler_, number):

#define EMU_SEH_FINALLY(number)                                                         \
    emu_leave_: EMU_SEH_UNUSED;                                                         \
        emu_seh_end(&emu_here_.frame);                                                  \
        emu_seh_hand_over(&emu_here_, FALSE);                                           \
        if (0) {                                                                        \
        emu_setup_:                                                                     \
            emu_seh_prepare(&emu_here_, TRUE);                                          \
            goto emu_body_;                                                             \
        emu_raised_:                                                                    \
            emu_seh_arrive(&emu_here_.frame);                                           \
            emu_seh_hand_over(&emu_here_, TRUE);                                        \
        }                                                                               \
        goto EMU_SEH_JOIN(emu_handler_, number);                                        \
    } else EMU_SEH_JOIN(emu_handler_, number):                                          \
        for (__attribute__((cleanup(emu_seh_rest_left))) emu_seh_rest emu_finally_ = emu_seh_handed_; \
            !emu_finally_.done; emu_seh_go_on(&emu_finally_))

#define GetExceptionCode() emu_seh_code(__builtin_frame_address(0))
#undef AbnormalTermination
#define AbnormalTermination() ((BOOLEAN)emu_finally_.raised)

/* As drivers of file systems spell them. */
#undef try
#undef except
#undef finally
#undef leave
#define try __try
#define except __except
#define finally __finally
#define leave __leave

#ifdef __clang__
#pragma clang optimize off
#else
#pragma GCC optimize("O0")
#endif

#else /* C++ */

/* What is thrown to the innermost section. */
struct emu_seh_raised {
};

[[noreturn]] static inline void emu_seh_throw(emu_seh_frame *)
{
    throw emu_seh_raised();
}

class emu_seh_scope
{
public:
    emu_seh_frame frame = emu_seh_frame();
    emu_seh_record noted = emu_seh_record();

    emu_seh_scope()
    {
        frame.leap = emu_seh_throw;
    }
    emu_seh_scope(const emu_seh_scope &) = delete;
    emu_seh_scope &operator=(const emu_seh_scope &) = delete;
    ~emu_seh_scope()
    {
        emu_seh_left(&frame);
    }
    explicit operator bool() const
    {
        return true;
    }

    void begin(bool is_finally)
    {
        frame.is_finally = is_finally;
        emu_seh_enter(&frame);
    }
    void end()
    {
        emu_seh_end(&frame);
    }
    /* An exception has come. */
    void arrive()
    {
        emu_seh_arrive(&frame);
        emu_seh_note(&noted, &frame);
        raised = true;
    }
    /* Another exception of C++ has come. What is none of C++ goes on, such as the end of a thread. */
    void hold()
    {
        emu_seh_end(&frame);
        other = std::current_exception();
        if (!other) {
            throw;
        }
    }
    bool is_raised() const
    {
        return raised || other;
    }
    /* Goes on with what the section did not end. */
    void go_on()
    {
        if (raised) {
            emu_seh_raise(frame.status, frame.address);
        }
        if (other) {
            std::rethrow_exception(other);
        }
    }
    ULONG code() const
    {
        return static_cast<ULONG>(frame.status);
    }

private:
    std::exception_ptr other;
    bool raised = false;
};

class emu_seh_finally
{
public:
    explicit emu_seh_finally(emu_seh_scope &its) : scope(its)
    {
    }
    emu_seh_finally(const emu_seh_finally &) = delete;
    emu_seh_finally &operator=(const emu_seh_finally &) = delete;
    ~emu_seh_finally()
    {
        /* An exception may leave it, a jump may not. */
#if __cplusplus >= 201703L
        bool is_unwinding = std::uncaught_exceptions() != 0;
#else
        bool is_unwinding = std::uncaught_exception();
#endif
        if (!done && !is_unwinding) {
            emu_seh_left_finally();
        }
    }
    bool is_on() const
    {
        return !done;
    }
    void go_on()
    {
        done = true;
        scope.go_on();
    }
    bool is_raised() const
    {
        return scope.is_raised();
    }

private:
    emu_seh_scope &scope;
    bool done = false;
};

#define EMU_SEH_TRY                                                                     \
    if (emu_seh_scope emu_here_{}) {                                                    \
        __label__ emu_setup_, emu_body_, emu_leave_;                                    \
        goto emu_setup_;                                                                \
    emu_body_:                                                                          \
        try

#define EMU_SEH_EXCEPT(filter, number)                                                  \
        catch (const emu_seh_raised &) {                                                \
            emu_here_.arrive();                                                         \
            emu_seh_decide(&emu_here_.frame, static_cast<LONG>(filter));                \
            goto EMU_SEH_JOIN(emu_handler_, number);                                    \
        }                                                                               \
    emu_leave_: EMU_SEH_UNUSED;                                                         \
        emu_here_.end();                                                                \
        if (0) {                                                                        \
        emu_setup_:                                                                     \
            emu_here_.begin(false);                                                     \
            goto emu_body_;                                                             \
        }                                                                               \
    } else EMU_SEH_JOIN(emu_handler_, number):

#define EMU_SEH_FINALLY(number)                                                         \
        catch (const emu_seh_raised &) {                                                \
            emu_here_.arrive();                                                         \
        }                                                                               \
        catch (...) {                                                                   \
            emu_here_.hold();                                                           \
        }                                                                               \
    emu_leave_: EMU_SEH_UNUSED;                                                         \
        emu_here_.end();                                                                \
        if (0) {                                                                        \
        emu_setup_:                                                                     \
            emu_here_.begin(true);                                                      \
            goto emu_body_;                                                             \
        }                                                                               \
        goto EMU_SEH_JOIN(emu_handler_, number);                                        \
    } else EMU_SEH_JOIN(emu_handler_, number):                                          \
        for (emu_seh_finally emu_finally_(emu_here_); emu_finally_.is_on(); emu_finally_.go_on())

#define GetExceptionCode() (emu_here_.code())

#endif

#endif
