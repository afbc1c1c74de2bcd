package ai.spattention.torch;

import ai.djl.pytorch.engine.PtNDManager;
import ai.spattention.torch.OperatorSignature.Type;
import com.sun.jna.Callback;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.util.List;

/**
 * Registers through libtorch's C interface for stable extensions, of PyTorch 2.7. It passes every argument and result in eight
 * bytes: a tensor as a handle, an optional value as 0 or a pointer to eight bytes more. The callee owns what it is passed, libtorch
 * what it gets back.
 */
final class ShimRegistry extends OperatorRegistry {

    /** {@code void (*)(StableIValue* stack, uint64_t arguments, uint64_t results)}, but for what it gives a {@link ThrowingEntry} */
    interface Entry extends Callback {
        long invoke(Pointer stack, long arguments, long results);
    }

    static {
        Native.register(ShimRegistry.class, library("libtorch_cpu.so"));
    }

    private static native int aoti_torch_library_init_impl(String namespace, String key, Pointer file, int line, long out);

    private static native int aoti_torch_library_impl(long library, String name, Pointer kernel);

    private static native int aoti_torch_new_tensor_handle(long tensor, long out);

    private static native int aoti_torch_new_uninitialized_tensor(long out);

    private static native int aoti_torch_delete_tensor_object(long tensor);

    @Override
    void register(String key, OperatorSignature signature, OperatorBody body) {
        Pointer entry = ThrowingEntry.of((Entry) (stack, arguments, results) -> run(signature, body,
                scope -> take(scope, stack, signature.arguments()), handles -> stack.write(0, handles, 0, handles.length)));
        Memory file = keep(new Memory(32)); // libtorch keeps the pointer, not a copy
        file.setString(0, "SPAttention for Java");
        long library = given("aoti_torch_library_init_impl",
                aoti_torch_library_init_impl("aten", key, file, 1, ThreadMemory.own().address(0)));
        check("aoti_torch_library_impl", aoti_torch_library_impl(library, signature.name(), entry));
    }

    private static Object[] take(PtNDManager scope, Pointer stack, List<Type> types) {
        Object[] taken = new Object[types.size()];
        long[] slots = stack.getLongArray(0, taken.length);
        for (int i = 0; i < taken.length; i++) {
            taken[i] = switch (types.get(i)) {
                case TENSOR -> array(scope, slots[i]);
                case OPTIONAL_TENSOR -> slots[i] == 0 ? null : array(scope, unbox(slots[i]));
                case FLOAT -> Double.longBitsToDouble(slots[i]);
                case OPTIONAL_FLOAT -> slots[i] == 0 ? null : (Double) Double.longBitsToDouble(unbox(slots[i]));
                case BOOL -> (slots[i] & 0xff) != 0; // the other bytes may hold anything
                case INT -> slots[i];
            };
        }
        return taken;
    }

    private static long unbox(long box) {
        long value = new Pointer(box).getLong(0);
        Cpp._ZdlPv(box);
        return value;
    }

    @Override
    long copy(long handle) {
        return given("aoti_torch_new_tensor_handle", aoti_torch_new_tensor_handle(handle, ThreadMemory.own().address(0)));
    }

    @Override
    long undefined() {
        return given("aoti_torch_new_uninitialized_tensor", aoti_torch_new_uninitialized_tensor(ThreadMemory.own().address(0)));
    }

    @Override
    void delete(long handle) {
        check("aoti_torch_delete_tensor_object", aoti_torch_delete_tensor_object(handle));
    }
}
