package ai.spattention.olmoe.pass;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import ai.spattention.cuda.TensorView.Type;
import ai.spattention.cuda.TorchTensors;
import ai.spattention.olmoe.checkpoint.ParameterValues;
import ai.spattention.olmoe.model.DecoderLayer;
import ai.spattention.olmoe.model.OlmoeModel;
import ai.spattention.plan.Region;
import ai.spattention.plan.Tensor;
import ai.spattention.segment.NoGradient;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A model's weights and gradients in a few flat arrays. Matrices that products read are kept in two halves of 16 bits, the upper one a
 * bfloat16 number, both together the exact float32 number; the others are float32. Gradients are float32.
 */
public final class FlatWeights implements WeightPlaces, ParameterValues, AutoCloseable {

    /** Every parameter begins at a multiple of so many elements, so that kernels may read whole lines. */
    public static final long UNIT = 64;

    private final NDManager manager;
    private final Map<Parameter, Section> sectionOf = new IdentityHashMap<>();
    private final List<Section> sections;
    private final Optional<GradientWindows> windows;

    /** Parameters that are kept and trained alike, one after the other in memory. */
    public static final class Section {

        private final NDManager manager;
        private final String name;
        private final boolean decays;
        private final List<Parameter> parameters;
        private final List<GradientGroup> groups;
        private final Map<Parameter, Long> places = new IdentityHashMap<>();
        private final long elements;
        /** All memory of the weights, as float32. */
        private final List<NDArray> arrays;
        /** Of one of the two kinds: the halves as bfloat16 and int16, or the values; each [elements]. */
        private final NDArray high;
        private final NDArray low;
        private final NDArray values;
        private final Region highRegion;
        private final Region lowRegion;
        private final Region valuesRegion;
        private NDArray gradients;
        private Region gradientsRegion;

        private Section(NDManager manager, String name, List<Parameter> parameters, List<GradientGroup> groups, boolean decays, long cut) {
            this.manager = manager;
            this.name = name;
            this.decays = decays;
            this.parameters = List.copyOf(parameters);
            this.groups = groups;
            long end = 0;
            for (Parameter parameter : parameters) {
                places.put(parameter, end);
                end += room(parameter);
            }
            elements = roundUp(end, cut);
            if (!groups.isEmpty()) { // matrices
                NDArray upper = manager.zeros(new Shape(elements / 2)); // float32, as good as any
                NDArray lower = manager.zeros(new Shape(elements / 2));
                high = TorchTensors.reinterpret(upper, Type.BFLOAT16);
                low = TorchTensors.reinterpret(lower, Type.INT16);
                highRegion = region("upper halves of " + name, upper);
                lowRegion = region("lower halves of " + name, lower);
                values = null;
                valuesRegion = null;
                arrays = List.of(upper, lower);
            } else {
                high = null;
                low = null;
                highRegion = null;
                lowRegion = null;
                values = manager.zeros(new Shape(elements));
                valuesRegion = region(name, values);
                arrays = List.of(values);
            }
        }

        private static Region region(String name, NDArray memory) {
            return Region.fixed(name, TorchTensors.view(memory).address(), 4 * memory.size());
        }

        /**
         * Whether the weights are kept in halves.
         *
         * @return true for two halves of 16 bits, false for float32
         */
        public boolean isSplit() {
            return high != null;
        }

        /**
         * Whether the optimizer's weight decay concerns them.
         *
         * @return true for matrices, false for norms
         */
        public boolean decays() {
            return decays;
        }

        /**
         * The parameters.
         *
         * @return one after the other as they lie
         */
        public List<Parameter> parameters() {
            return parameters;
        }

        /**
         * The parameters whose gradients passes complete together.
         *
         * @return of the matrices the groups in the order in which they are completed: they begin the one behind the other, and the last one
         *     begins at 0; none of the others, which are complete when a pass is
         */
        public List<GradientGroup> groups() {
            return groups;
        }

        /**
         * All memory of the weights, for copies between processes.
         *
         * @return arrays whose n elements hold the section's in order, n a divisor of them; the type says nothing
         */
        public List<NDArray> arrays() {
            return arrays;
        }

        /**
         * All gradients as an array, where they have memory for all.
         *
         * @return [elements], float32
         */
        public NDArray gradientArray() {
            gradientsRegion();
            return gradients;
        }

        /**
         * The number of elements, with the gaps between parameters, which hold zeros.
         *
         * @return a multiple of 64
         */
        public long elements() {
            return elements;
        }

        /**
         * All upper halves.
         *
         * @return [elements], 16 bits each
         */
        public Tensor high() {
            return Tensor.dense(highRegion, 0, Type.BFLOAT16, elements);
        }

        /**
         * All lower halves.
         *
         * @return [elements], 16 bits each
         */
        public Tensor low() {
            return Tensor.dense(lowRegion, 0, Type.BFLOAT16, elements);
        }

        /**
         * All values of a section that is not split.
         *
         * @return [elements], float32
         */
        public Tensor values() {
            return Tensor.dense(valuesRegion, 0, Type.FLOAT32, elements);
        }

        /**
         * All gradients, where they have memory for all. It is taken when they are first asked for: by then parameters may have given up
         * theirs.
         *
         * @return [elements], float32
         */
        public Tensor gradients() {
            return Tensor.dense(gradientsRegion(), 0, Type.FLOAT32, elements);
        }

        private Region gradientsRegion() {
            if (gradients == null) {
                gradients = manager.zeros(new Shape(elements));
                gradientsRegion = region("gradients of " + name, gradients);
            }
            return gradientsRegion;
        }

        /**
         * The part of a flat array that belongs to a parameter, for example of an optimizer's moments.
         *
         * @param flat [elements], any type
         * @param parameter one of the section's
         * @return a view in the parameter's shape, attached to the flat array's manager
         */
        public NDArray part(NDArray flat, Parameter parameter) {
            long first = places.get(parameter);
            Shape shape = parameter.getShape();
            try (NDArray part = flat.get(new NDIndex("{}:{}", first, first + shape.size()))) {
                return part.reshape(shape);
            }
        }

        /** The part of the weights that belongs to a parameter. */
        private NDArray weight(Parameter parameter) {
            return part(isSplit() ? high : values, parameter);
        }

        private NDArray read(Parameter parameter) {
            if (!isSplit()) {
                return weight(parameter);
            }
            NDArray exact = manager.create(parameter.getShape());
            try (NDArray upper = part(high, parameter); NDArray lower = part(low, parameter)) {
                Halves.join(upper, lower, exact);
            }
            return exact;
        }

        private void write(Parameter parameter, NDArray exact) {
            try (NoGradient copying = new NoGradient(); NDArray own = weight(parameter)) {
                if (isSplit()) {
                    try (NDArray lower = part(low, parameter)) {
                        Halves.split(exact, own, lower);
                    }
                } else {
                    own.set(new NDIndex(":"), exact);
                }
            }
        }

        @Override
        public String toString() {
            return name;
        }
    }

    /**
     * The elements that a model's weights take, with the gaps between parameters: 4 bytes each, and as many for the gradients.
     *
     * @param model a model whose parameters have their shapes
     * @return the elements of all sections together
     */
    static long elements(OlmoeModel model) {
        return model.getParameters().values().stream().distinct().mapToLong(FlatWeights::room).sum();
    }

    static long room(Parameter parameter) {
        return roundUp(parameter.getShape().size(), UNIT);
    }

    static long roundUp(long number, long multiple) {
        return (number + multiple - 1) / multiple * multiple;
    }

    private FlatWeights(OlmoeModel model, NDManager parent, long cut, boolean passing) {
        manager = parent.newSubManager();
        manager.setName("flat weights");
        List<GradientGroup> groups = GradientGroup.of(model);
        windows = passing ? Optional.of(new GradientWindows(manager, groups, cut)) : Optional.empty();
        List<Parameter> matrices = new ArrayList<>(List.of(model.getEmbedding().getWeight()));
        List<Parameter> others = new ArrayList<>(List.of(model.getFinalNorm().getWeight()));
        for (DecoderLayer layer : model.getLayers()) {
            matrices.addAll(LayerWeights.matrices(layer));
            others.addAll(LayerWeights.others(layer));
        }
        if (!model.getConfig().tieWordEmbeddings()) {
            matrices.add(model.getOutputWeight());
        }
        List<Parameter> routers = others.stream().filter(FlatWeights::decays).toList();
        List<Parameter> norms = others.stream().filter(parameter -> !decays(parameter)).toList();
        sections = List.of(section("matrices", matrices, groups, true, cut), section("routers", routers, List.of(), true, UNIT),
                section("norms", norms, List.of(), false, UNIT));
    }

    /**
     * Makes room for a model's weights.
     *
     * @param model a model whose parameters have their shapes
     * @param parent the manager that owns the memory if {@link #close} is not called earlier
     * @return the weights, with values still to be {@link #load}ed or {@link #adopt}ed
     */
    public static FlatWeights of(OlmoeModel model, NDManager parent) {
        return of(model, parent, UNIT);
    }

    /**
     * Makes room for a model's weights, the matrices in slices.
     *
     * @param model a model whose parameters have their shapes
     * @param parent the manager that owns the memory if {@link #close} is not called earlier
     * @param cut the matrices take a multiple of so many elements, a multiple of {@link #UNIT}
     * @return the weights, with values still to be {@link #load}ed or {@link #adopt}ed
     */
    public static FlatWeights of(OlmoeModel model, NDManager parent, long cut) {
        return new FlatWeights(model, parent, cut, false);
    }

    /**
     * Makes room for a model's weights, the matrices in slices. Their gradients have memory while they are computed only.
     *
     * @param model a model whose parameters have their shapes; matrices' elements are multiples of {@link #UNIT}, as {@link PassFit} asks for
     * @param parent the manager that owns the memory if {@link #close} is not called earlier
     * @param cut the matrices take a multiple of so many elements, a multiple of {@link #UNIT}
     * @return the weights, with values still to be {@link #load}ed or {@link #adopt}ed
     */
    public static FlatWeights passing(OlmoeModel model, NDManager parent, long cut) {
        if (model.getLayers().stream().flatMap(layer -> LayerWeights.matrices(layer).stream()).anyMatch(matrix -> room(matrix)
                != matrix.getShape().size())) {
            throw new IllegalArgumentException("behind a matrix whose elements are no multiple of " + UNIT + " another one's gradients would lie");
        }
        return new FlatWeights(model, parent, cut, true);
    }

    /** As everywhere in training: matrices decay, norms do not. */
    private static boolean decays(Parameter parameter) {
        return parameter.getType() == Parameter.Type.WEIGHT;
    }

    private Section section(String name, List<Parameter> parameters, List<GradientGroup> groups, boolean decays, long cut) {
        Section section = new Section(manager, name, parameters, groups, decays, cut);
        parameters.forEach(parameter -> sectionOf.put(parameter, section));
        return section;
    }

    /** Copies the values of the parameters, which stay as they are. */
    public void load() {
        sectionOf.forEach((parameter, section) -> section.write(parameter, parameter.getArray()));
    }

    /**
     * Takes the values of the parameters, which become views of the memory here: of the upper halves, in bfloat16, for matrices. A
     * parameter's own array is closed before the next one is taken. The parameters are frozen: their gradients are here, too.
     */
    public void adopt() {
        sectionOf.forEach((parameter, section) -> {
            section.write(parameter, parameter.getArray());
            parameter.freeze(true);
            parameter.close();
            Initializer initializer = parameter.getInitializer();
            parameter.setInitializer((owner, shape, type) -> section.weight(parameter));
            parameter.initialize(manager, DataType.FLOAT32);
            parameter.setInitializer(initializer);
        });
    }

    /**
     * The parts that are kept and trained alike.
     *
     * @return matrices, routers and norms
     */
    public List<Section> sections() {
        return sections;
    }

    /**
     * The part that is kept in halves.
     *
     * @return the matrices
     */
    public Section matrices() {
        return sections.get(0);
    }

    /**
     * The parts that are float32.
     *
     * @return routers and norms
     */
    public List<Section> others() {
        return sections.subList(1, sections.size());
    }

    /**
     * Where the gradients of matrices are while passes compute them.
     *
     * @return the windows; empty where they have memory for all
     */
    public Optional<GradientWindows> windows() {
        return windows;
    }

    /**
     * Where a parameter belongs.
     *
     * @param parameter one of the model's
     * @return its section
     */
    public Section section(Parameter parameter) {
        return sectionOf.get(parameter);
    }

    @Override
    public NDArray read(Parameter parameter) {
        return sectionOf.get(parameter).read(parameter);
    }

    @Override
    public void write(Parameter parameter, NDArray values) {
        sectionOf.get(parameter).write(parameter, values);
    }

    @Override
    public Tensor high(Parameter parameter, long... sizes) {
        Section section = sectionOf.get(parameter);
        return Tensor.dense(section.highRegion, section.places.get(parameter), Type.BFLOAT16, sizes);
    }

    @Override
    public Tensor low(Parameter parameter, long... sizes) {
        Section section = sectionOf.get(parameter);
        return Tensor.dense(section.lowRegion, section.places.get(parameter), Type.BFLOAT16, sizes);
    }

    @Override
    public Tensor vectors(Parameter parameter) {
        Section section = sectionOf.get(parameter);
        return Tensor.dense(section.valuesRegion, section.places.get(parameter), Type.FLOAT32, parameter.getShape().getShape());
    }

    @Override
    public Tensor gradient(Parameter parameter, long... sizes) {
        Section section = sectionOf.get(parameter);
        long place = section.places.get(parameter);
        return section.isSplit() && windows.isPresent() ? windows.get().gradient(place, sizes)
                : Tensor.dense(section.gradientsRegion(), place, Type.FLOAT32, sizes);
    }

    @Override
    public void close() {
        manager.close();
    }
}
