package ai.spattention.cuda;

import java.util.List;
import java.util.Map;

/**
 * How a compiled kernel is launched.
 *
 * @param name the kernel's name, for messages
 * @param entry the function's name in the code
 * @param threads the threads of a block
 * @param sharedBytes the shared memory of a block
 * @param parameters the parameters in order, as name:type with type one of map, pointer, i64, i32, f32. NAME.sizeI and
 *     NAME.strideI are the sizes and strides of tensor NAME, outermost first; NAME_batch, NAME_head and NAME_row its first
 *     three strides; scratch and profile are null
 * @param maps the tensor maps' boxes, by tensor
 */
public record KernelSpec(String name, String entry, int threads, int sharedBytes, List<String> parameters,
        Map<String, Box> maps) {

    /** Copies the lists. */
    public KernelSpec {
        parameters = List.copyOf(parameters);
        maps = Map.copyOf(maps);
    }

    /**
     * What one copy of the tensor memory accelerator moves.
     *
     * @param box its sizes, outermost first
     * @param swizzle the driver's number for the swizzle in shared memory (CUtensorMapSwizzle)
     */
    public record Box(List<Integer> box, int swizzle) {}
}
