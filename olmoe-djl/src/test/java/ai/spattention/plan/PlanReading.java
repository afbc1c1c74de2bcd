package ai.spattention.plan;

import ai.spattention.cublas.DenseMatmul;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Goes through a plan's steps and looks for elements that a step reads before any wrote them. It needs no GPU. */
public final class PlanReading {

    /** What each kernel writes, by the first part of its name; its other arrays are read. */
    private static final Map<String, Set<String>> WRITTEN = Map.ofEntries(
            Map.entry("norm_forward", Set.of("total", "y", "root")),
            Map.entry("norm_backward", Set.of("x_grad", "branch_grad", "y", "parts")), Map.entry("sum_parts", Set.of("out")),
            Map.entry("rotary_forward", Set.of("y", "root")), Map.entry("rotary_backward", Set.of("x_grad", "parts")),
            Map.entry("router_parts", Set.of("parts", "gradient_parts")),
            Map.entry("router_forward", Set.of("chosen", "weights", "counts", "probability_sums", "square_sums")),
            Map.entry("router_order", Set.of("begins", "ends", "tile_ends", "loads", "mean_probabilities", "mean_square")),
            Map.entry("router_places", Set.of("places", "row_weights")),
            Map.entry("router_backward", Set.of("logit_grads")),
            Map.entry("embedding_forward", Set.of("x")), Map.entry("embedding_links", Set.of("links")),
            Map.entry("embedding_firsts", Set.of("links")),
            Map.entry("embedding_backward", Set.of("out")), Map.entry("sum_shared_heads", Set.of("out")),
            Map.entry("swiglu_forward", Set.of("inner")), Map.entry("swiglu_backward", Set.of("inner", "both_grad", "row_weight_grad")),
            Map.entry("cross_entropy", Set.of("logits", "losses")), Map.entry("count_targets", Set.of("count")),
            Map.entry("mean_loss", Set.of("loss")), Map.entry("spread_rows", Set.of("out")),
            Map.entry("rows", Set.of("out")), Map.entry("matrices", Set.of("out")),
            Map.entry("forward", Set.of("out", "lse")), Map.entry("backward_queries", Set.of("delta", "q_grad")),
            Map.entry("backward_keys", Set.of("k_grad", "v_grad")), Map.entry("document_spans", Set.of("spans")),
            Map.entry("delta_rows", Set.of("delta", "turns")), Map.entry("backward", Set.of("sums", "k_grad", "v_grad")),
            Map.entry("finish_queries", Set.of("q_grad")));

    /** What the build script promises the compiler of numbers, by the first part of a kernel's name. */
    private static final Map<String, Map<String, Integer>> DIVISORS = Map.ofEntries(
            Map.entry("norm_forward", Map.of("size", 16)), Map.entry("norm_backward", Map.of("size", 16)),
            Map.entry("sum_parts", Map.of("size", 16, "pitch", 16)),
            Map.entry("rotary_forward", Map.of("size", 16, "x_pitch", 16)),
            Map.entry("rotary_backward", Map.of("size", 16, "x_pitch", 16, "x_grad_pitch", 16)),
            Map.entry("router_parts", Map.of("count", 16, "all", 16)), Map.entry("router_forward", Map.of("P", 8)),
            Map.entry("router_backward", Map.of("P", 8)), Map.entry("embedding_forward", Map.of("size", 16)),
            Map.entry("embedding_backward", Map.of("size", 16)), Map.entry("sum_shared_heads", Map.of("out_pitch", 16)),
            Map.entry("swiglu_forward", Map.of("size", 16)), Map.entry("swiglu_backward", Map.of("size", 16)),
            Map.entry("cross_entropy", Map.of("size", 8)), Map.entry("spread_rows", Map.of("size", 16)),
            Map.entry("rows", Map.of("N", 16, "K", 64)), Map.entry("matrices", Map.of("M", 16, "N", 16)));

    /** What is read, too, by what it is written by. */
    private static final Map<String, String> UPDATED = Map.of("embedding_backward", "out", "cross_entropy", "logits");

    private final Set<Region> empty;
    private final Map<Region, BitSet> written = new IdentityHashMap<>();
    private final List<String> faults = new ArrayList<>();

    private PlanReading(Collection<Region> empty) {
        this.empty = Set.copyOf(empty);
    }

    /**
     * Reads a plan.
     *
     * @param plan the plan
     * @param empty memory beside the arena that holds nothing yet; all other memory beside the arena holds values
     * @param updated memory beside the arena that holds sums, to which steps may add and which they may not write over
     * @return what is wrong, for people
     */
    public static List<String> faults(Plan plan, Collection<Region> empty, Collection<Region> updated) {
        PlanReading reading = new PlanReading(empty);
        Set<Region> sums = Set.copyOf(updated);
        List<Step> steps = plan.steps();
        for (int number = 0; number < steps.size(); number++) {
            String name = "step " + number + " (" + steps.get(number) + ")";
            List<Tensor> read = new ArrayList<>();
            List<Tensor> written = new ArrayList<>();
            sort(steps.get(number), read, written);
            read.forEach(tensor -> reading.read(name, tensor));
            for (Tensor tensor : written) {
                if (sums.contains(tensor.region()) && !read.contains(tensor)) {
                    reading.faults.add(name + " writes over the sums in " + tensor);
                }
                reading.write(tensor);
            }
        }
        for (Region region : reading.empty) {
            if (!reading.written.containsKey(region)) {
                reading.faults.add("nothing writes to " + region);
            }
        }
        return reading.faults;
    }

    /**
     * Arrays that kernels cannot read: their addresses or rows do not begin at multiples of 16 bytes.
     *
     * @param plan the plan
     * @return what is wrong, for people
     */
    public static List<String> misaligned(Plan plan) {
        List<String> faults = new ArrayList<>();
        for (Step step : plan.steps()) {
            for (Tensor tensor : step.tensors()) {
                long first = tensor.first() * tensor.type().bytes();
                long base = tensor.region().isPlacedByPlan() ? plan.layout().offsets().get(tensor.region()) : tensor.region().address();
                if (step instanceof KernelStep && (base + first) % 16 != 0) {
                    faults.add(step + " takes " + tensor + " from byte " + first + " on");
                }
            }
        }
        return faults;
    }

    /**
     * Numbers that are no multiples of what kernels were compiled for.
     *
     * @param plan the plan
     * @return what is wrong, for people
     */
    public static List<String> indivisible(Plan plan) {
        List<String> faults = new ArrayList<>();
        for (Step step : plan.steps()) {
            if (step instanceof KernelStep kernel) {
                String name = kernel.variant().name();
                DIVISORS.getOrDefault(name.substring(0, name.indexOf('-')), Map.of()).forEach((number, divisor) -> {
                    Number given = kernel.numbers().get(number);
                    if (given != null && given.longValue() % divisor != 0) {
                        faults.add(name + " takes " + number + " " + given + ", which is no multiple of " + divisor);
                    }
                });
            }
        }
        return faults;
    }

    /**
     * The phases whose steps read or write some of a region.
     *
     * @param plan the plan
     * @param region the region
     * @param begin the first element
     * @param end the element after the last
     * @return the phases' names, in order
     */
    public static List<String> phases(Plan plan, Region region, long begin, long end) {
        Set<String> phases = new LinkedHashSet<>();
        for (int number = 0; number < plan.steps().size(); number++) {
            for (Tensor tensor : plan.steps().get(number).tensors()) {
                long last = tensor.first();
                for (int axis = 0; axis < tensor.sizes().length; axis++) {
                    last += (tensor.sizes()[axis] - 1) * tensor.strides()[axis];
                }
                if (tensor.region() == region && tensor.first() < end && begin <= last) {
                    phases.add(plan.phase(number));
                }
            }
        }
        return List.copyOf(phases);
    }

    /**
     * Regions of the arena that share memory while both hold something that is still used, or that lie outside the arena.
     *
     * @param plan the plan
     * @return what is wrong, for people
     */
    public static List<String> collisions(Plan plan) {
        Map<Region, int[]> uses = new IdentityHashMap<>();
        List<Step> steps = plan.steps();
        for (int number = 0; number < steps.size(); number++) {
            for (Tensor tensor : steps.get(number).tensors()) {
                if (tensor.region().isPlacedByPlan()) {
                    int now = number;
                    uses.computeIfAbsent(tensor.region(), region -> new int[] {now, now})[1] = now;
                }
            }
        }
        List<String> faults = new ArrayList<>();
        Map<Region, Long> offsets = plan.layout().offsets();
        List<Region> byPlace = new ArrayList<>(uses.keySet());
        byPlace.sort(Comparator.comparing(offsets::get));
        for (int i = 0; i < byPlace.size(); i++) {
            Region region = byPlace.get(i);
            long end = offsets.get(region) + region.bytes();
            if (offsets.get(region) < 0 || end > plan.bytes()) {
                faults.add(region + " ends at " + end + " of " + plan.bytes());
            }
            for (int j = i + 1; j < byPlace.size() && offsets.get(byPlace.get(j)) < end; j++) {
                int[] own = uses.get(region);
                int[] others = uses.get(byPlace.get(j));
                if (own[0] <= others[1] && others[0] <= own[1]) {
                    faults.add(region + " of steps " + Arrays.toString(own) + " shares memory with " + byPlace.get(j) + " of steps "
                            + Arrays.toString(others));
                }
            }
        }
        return faults;
    }

    /**
     * Where regions lie.
     *
     * @param plan the plan
     * @return names with their places, in an order that the plan decides
     */
    public static List<String> places(Plan plan) {
        return plan.layout().offsets().entrySet().stream().map(entry -> entry.getKey() + " at " + entry.getValue()).toList();
    }

    /**
     * The steps' names.
     *
     * @param plan the plan
     * @return in order
     */
    public static List<String> names(Plan plan) {
        return plan.steps().stream().map(Step::toString).toList();
    }

    private static void sort(Step step, List<Tensor> read, List<Tensor> written) {
        if (step instanceof FillStep fill) {
            written.add(fill.array());
        } else if (step instanceof DenseMatmul product) {
            List<Tensor> tensors = product.tensors(); // left, right, out, and the workspace, whose values are nobody's
            read.addAll(tensors.subList(0, 2));
            written.add(tensors.get(2));
            if (product.toString().contains(" added to ")) {
                read.add(tensors.get(2));
            }
        } else if (step instanceof KernelStep kernel) {
            String name = kernel.variant().name();
            String first = name.substring(0, name.indexOf('-'));
            Set<String> results = WRITTEN.get(first);
            if (results == null) {
                throw new IllegalArgumentException("say in PlanReading what the kernel " + first + " writes");
            }
            kernel.arrays().forEach((parameter, tensor) -> {
                if (results.contains(parameter)) {
                    written.add(tensor);
                }
                if (!results.contains(parameter) || parameter.equals(UPDATED.get(first))
                        || parameter.equals("out") && name.contains("-add-")) {
                    read.add(tensor);
                }
            });
        } else {
            throw new IllegalArgumentException("say in PlanReading what " + step.getClass() + " writes");
        }
    }

    private void read(String step, Tensor tensor) {
        if (!tensor.region().isPlacedByPlan() && !empty.contains(tensor.region())) {
            return;
        }
        BitSet known = written.get(tensor.region());
        BitSet wanted = bytes(tensor);
        if (known != null) {
            wanted.andNot(known);
        }
        if (!wanted.isEmpty()) {
            faults.add(step + " reads " + wanted.cardinality() + " bytes of " + tensor + " that nothing wrote, the first at "
                    + wanted.nextSetBit(0));
        }
    }

    private void write(Tensor tensor) {
        written.computeIfAbsent(tensor.region(), region -> new BitSet()).or(bytes(tensor));
    }

    /** The bytes of an array in its region. */
    private static BitSet bytes(Tensor tensor) {
        BitSet bytes = new BitSet();
        int last = tensor.sizes().length - 1;
        long[] at = new long[last + 1];
        do {
            long first = tensor.first();
            for (int axis = 0; axis < last; axis++) {
                first += at[axis] * tensor.strides()[axis];
            }
            if (tensor.strides()[last] != 1 && tensor.size(last) != 1) {
                throw new IllegalArgumentException(tensor + " has gaps in its rows: " + Arrays.toString(tensor.strides()));
            }
            int begin = Math.toIntExact(first * tensor.type().bytes());
            bytes.set(begin, begin + Math.toIntExact(tensor.size(last) * tensor.type().bytes()));
        } while (next(at, tensor.sizes(), last - 1));
        return bytes;
    }

    private static boolean next(long[] at, long[] sizes, int axis) {
        for (int i = axis; i >= 0; i--) {
            if (++at[i] < sizes[i]) {
                return true;
            }
            at[i] = 0;
        }
        return false;
    }
}
