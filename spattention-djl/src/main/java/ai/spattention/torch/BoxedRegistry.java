package ai.spattention.torch;

import ai.djl.pytorch.engine.PtNDManager;
import ai.spattention.torch.OperatorSignature.Type;
import com.sun.jna.Callback;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.util.List;

/**
 * Registers through libtorch's C++ functions, of PyTorch 2.5.1, whose C interface cannot register. Its binaries never change, so
 * what is taken for granted here of their interface holds for that version, and for no other:
 * <ul>
 * <li>a {@code c10::KernelFunction} is four words: functor (null), boxed function, two unboxed functions (null);
 * <li>a {@code c10::IValue} is 16 bytes, a payload and a 32-bit tag;
 * <li>a {@code std::vector} is three pointers, begin, end and end of the memory; a {@code std::string} is a pointer, a length and
 *     16 bytes for a short text.
 * </ul>
 */
final class BoxedRegistry extends OperatorRegistry {

    private static final int IVALUE_BYTES = 16;
    private static final int TAG = 8; // the tag's place in a value
    private static final int NONE = 0;
    private static final int TENSOR = 1;
    private static final int DOUBLE = 3;
    private static final int INT = 5;
    private static final int BOOL = 9;

    private static final int VECTOR_END = 8; // the end's place in a vector
    private static final int LARGEST_OBJECT = 1024; // no C++ object that is made here is larger
    private static final int IMPLEMENTATION = 1; // of torch::Library::Kind
    private static final int HAS_KEY = 0x10000; // a std::optional<c10::DispatchKey> that holds one

    private static final NativeLibrary TORCH = library("libtorch_cpu.so");

    /**
     * {@code void (*)(OperatorKernel*, const OperatorHandle&, DispatchKeySet, std::vector<IValue>*)}, but for what it gives a
     * {@link ThrowingEntry}
     */
    interface Entry extends Callback {
        long invoke(Pointer functor, Pointer operator, long keys, Pointer stack);
    }

    static {
        Native.register(BoxedRegistry.class, TORCH);
    }

    private static native int aoti_torch_new_uninitialized_tensor(long out);

    private static native int aoti_torch_assign_tensors(long source, long target);

    private static native int aoti_torch_delete_tensor_object(long tensor);

    @Override
    void register(String key, OperatorSignature signature, OperatorBody body) {
        Pointer entry = ThrowingEntry.of((Entry) (functor, operator, keys, stack) -> {
            Pointer end = stack.getPointer(VECTOR_END);
            Pointer first = end.share(-(long) signature.arguments().size() * IVALUE_BYTES);
            return run(signature, body, scope -> take(scope, first, signature.arguments()),
                    handles -> stack.setPointer(VECTOR_END, put(first, handles, signature.results())));
        });
        int dispatchKey = library("libc10.so")
                .getFunction("_ZN3c1016parseDispatchKeyERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE")
                .invokeInt(new Object[] {string(key)}) & 0xffff;
        Memory file = keep(new Memory(32));
        file.setString(0, "SPAttention for Java");
        Memory library = keep(zeros(LARGEST_OBJECT));
        TORCH.getFunction("_ZN5torch7LibraryC1ENS0_4KindENSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE"
                + "St8optionalIN3c1011DispatchKeyEEPKcj")
                .invokeVoid(new Object[] {library, IMPLEMENTATION, string("aten"), HAS_KEY | dispatchKey, file, 1});
        Memory kernel = zeros(4 * Long.BYTES);
        kernel.setPointer(Long.BYTES, entry);
        Memory function = zeros(LARGEST_OBJECT);
        // the empty optional<CppSignature> travels in two registers, the null schema by reference
        TORCH.getFunction("_ZN5torch11CppFunctionC1EN3c1014KernelFunctionESt8optionalINS1_4impl12CppSignatureEE"
                + "St10unique_ptrINS1_14FunctionSchemaESt14default_deleteIS8_EE")
                .invokeVoid(new Object[] {function, kernel, 0L, 0L, zeros(Long.BYTES)});
        TORCH.getFunction("_ZNR5torch7Library5_implEPKcONS_11CppFunctionENS_17_RegisterOrVerifyE")
                .invokePointer(new Object[] {library, signature.name(), function, 0});
        TORCH.getFunction("_ZN5torch11CppFunctionD1Ev").invokeVoid(new Object[] {function});
    }

    private static Memory zeros(int bytes) {
        Memory memory = new Memory(bytes);
        memory.clear();
        return memory;
    }

    /** A {@code std::string} of at most 15 characters. */
    private static Memory string(String text) {
        Memory string = zeros(32);
        string.setPointer(0, string.share(16));
        string.setLong(8, text.length());
        string.setString(16, text);
        return string;
    }

    /** Takes the arguments off the stack: tensors are moved, so that None is left in their place. */
    private Object[] take(PtNDManager scope, Pointer first, List<Type> types) {
        Object[] taken = new Object[types.size()];
        for (int i = 0; i < taken.length; i++) {
            long at = (long) i * IVALUE_BYTES;
            int tag = first.getInt(at + TAG);
            if (!fits(types.get(i), tag)) {
                throw new IllegalStateException("argument " + i + " is no " + types.get(i) + ": it has tag " + tag);
            }
            taken[i] = switch (tag) {
                case TENSOR -> {
                    long handle = undefined();
                    new Pointer(handle).setLong(0, first.getLong(at));
                    first.setLong(at, 0);
                    first.setLong(at + TAG, NONE);
                    yield array(scope, handle);
                }
                case DOUBLE -> first.getDouble(at);
                case BOOL -> first.getByte(at) != 0;
                case INT -> first.getLong(at);
                default -> null;
            };
        }
        return taken;
    }

    private static boolean fits(Type type, int tag) {
        return switch (type) {
            case TENSOR -> tag == TENSOR;
            case OPTIONAL_TENSOR -> tag == TENSOR || tag == NONE;
            case FLOAT -> tag == DOUBLE;
            case OPTIONAL_FLOAT -> tag == DOUBLE || tag == NONE;
            case BOOL -> tag == BOOL;
            case INT -> tag == INT;
        };
    }

    /** Puts the results where the arguments were, each tensor moved out of its handle, and gives the place after them. */
    private static Pointer put(Pointer first, long[] handles, List<Type> types) {
        for (int i = 0; i < handles.length; i++) {
            long at = (long) i * IVALUE_BYTES;
            boolean tensor = types.get(i) == Type.TENSOR;
            first.setLong(at, tensor ? new Pointer(handles[i]).getLong(0) : 0);
            first.setLong(at + TAG, tensor ? TENSOR : INT);
            if (tensor) {
                Cpp._ZdlPv(handles[i]);
            }
        }
        return first.share((long) handles.length * IVALUE_BYTES);
    }

    @Override
    long undefined() {
        return given("aoti_torch_new_uninitialized_tensor", aoti_torch_new_uninitialized_tensor(ThreadMemory.own().address(0)));
    }

    @Override
    long copy(long handle) {
        long copy = undefined();
        check("aoti_torch_assign_tensors", aoti_torch_assign_tensors(handle, copy));
        return copy;
    }

    @Override
    void delete(long handle) {
        check("aoti_torch_delete_tensor_object", aoti_torch_delete_tensor_object(handle));
    }
}
