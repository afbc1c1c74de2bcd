package ai.spattention.torch;

import com.sun.jna.Callback;
import com.sun.jna.CallbackReference;
import com.sun.jna.CallbackThreadInitializer;
import com.sun.jna.Function;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Native functions that call Java and throw what Java says, as functions of C++ throw. No C++ exception can pass through Java's own
 * frames; so Java returns a message, and the code that called it, once Java's frames are gone, goes on to the function of the C++
 * library that throws. It does so by a jump, after which its own frame is gone, too: to libtorch it looks as if the function that it
 * called had thrown. On x86-64 processors only.
 */
final class ThrowingEntry {

    private static final int PAGE = 4096;
    private static final int READ_WRITE = 3; // of PROT_*
    private static final int READ_EXECUTE = 5;
    private static final int PRIVATE_ANONYMOUS = 0x22; // of MAP_*

    /** A thread of libtorch's becomes one of Java's at its first call and stays it: to attach it anew costs 40 µs a call. */
    private static final CallbackThreadInitializer STAYS_ATTACHED = new CallbackThreadInitializer(true, false, "libtorch autograd");

    /** What C++ copies the last message of each thread from. */
    private static final ThreadLocal<Memory> MESSAGE = new ThreadLocal<>();

    private static final long NO_MESSAGE = Pointer.nativeValue(OperatorRegistry.keep(text("Java fails and has no memory to say why")));

    private ThrowingEntry() {}

    /** Why there can be none on this machine, for people; empty if there can. */
    static Optional<String> unavailable() {
        return Platform.isLinux() && Platform.ARCH.equals("x86-64") ? Optional.empty()
                : Optional.of("it is known to work on Linux on x86-64 (this is " + Platform.RESOURCE_PREFIX + ")");
    }

    /**
     * Makes such a function, for as long as the process runs.
     *
     * @param callback what it calls, with up to six numbers or pointers: gives 0, or what {@link #message} gave
     * @return its address
     */
    static Pointer of(Callback callback) {
        Native.setCallbackThreadInitializer(callback, STAYS_ATTACHED);
        OperatorRegistry.keep(callback);
        long java = Pointer.nativeValue(CallbackReference.getFunctionPointer(callback));
        long thrower = Pointer.nativeValue(
                OperatorRegistry.library("libstdc++.so").getFunction("_ZSt21__throw_runtime_errorPKc")); // (const char* what)
        ByteBuffer code = ByteBuffer.allocate(PAGE).order(ByteOrder.LITTLE_ENDIAN);
        code.put(bytes(0x48, 0x83, 0xEC, 0x08)); //       sub rsp, 8       the stack is aligned to 16 bytes at calls
        code.put(bytes(0x48, 0xB8)).putLong(java); //     mov rax, java
        code.put(bytes(0xFF, 0xD0)); //                   call rax         with the arguments as they came
        code.put(bytes(0x48, 0x83, 0xC4, 0x08)); //       add rsp, 8
        code.put(bytes(0x48, 0x85, 0xC0)); //             test rax, rax
        code.put(bytes(0x75, 0x01)); //                   jnz fail
        code.put(bytes(0xC3)); //                         ret
        code.put(bytes(0x48, 0x89, 0xC7)); //       fail: mov rdi, rax
        code.put(bytes(0x48, 0xB8)).putLong(thrower); //  mov rax, thrower
        code.put(bytes(0xFF, 0xE0)); //                   jmp rax          which returns to our caller, by throwing
        return executable(code.array());
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    private static Pointer executable(byte[] code) {
        NativeLibrary libc = NativeLibrary.getInstance(Platform.C_LIBRARY_NAME);
        Function map = libc.getFunction("mmap");
        Pointer page = map.invokePointer(new Object[] {null, (long) PAGE, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0L});
        if (Pointer.nativeValue(page) == -1) {
            throw new IllegalStateException("the system gives no page of memory");
        }
        page.write(0, code, 0, code.length);
        if (libc.getFunction("mprotect").invokeInt(new Object[] {page, (long) PAGE, READ_EXECUTE}) != 0) {
            throw new IllegalStateException("the system lets no memory be made executable");
        }
        return page;
    }

    /** What a callback returns to have a failure thrown: an address that holds until this thread's next message. */
    static long message(Throwable failure) {
        try {
            Memory text = text(failure.toString());
            MESSAGE.set(text);
            return Pointer.nativeValue(text);
        } catch (Throwable e) { // nothing may leave a callback
            return NO_MESSAGE;
        }
    }

    private static Memory text(String message) {
        byte[] bytes = message.getBytes(StandardCharsets.UTF_8);
        Memory text = new Memory(bytes.length + 1L);
        text.write(0, bytes, 0, bytes.length);
        text.setByte(bytes.length, (byte) 0);
        return text;
    }
}
