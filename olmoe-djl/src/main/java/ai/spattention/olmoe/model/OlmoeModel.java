package ai.spattention.olmoe.model;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.ParameterList;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import ai.djl.util.Pair;
import ai.djl.util.PairList;
import ai.spattention.KeyValueCache;
import ai.spattention.Precision;
import ai.spattention.RmsNorm;
import ai.spattention.RotaryEmbedding;
import ai.spattention.SpAttentionBlock;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.auto.AutoKernel;
import ai.spattention.common.InvalidInputException;
import ai.spattention.olmoe.config.ConfigJson;
import ai.spattention.olmoe.config.OlmoeConfig;
import ai.spattention.olmoe.loss.HeadLoss;
import ai.spattention.olmoe.moe.MoeBlock;
import ai.spattention.olmoe.moe.RouterStatistics;
import ai.spattention.olmoe.nn.SeededNormal;
import ai.spattention.olmoe.nn.TokenEmbedding;
import ai.spattention.pattern.AttentionPattern;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.segment.NoGradient;
import ai.spattention.segment.SegmentedBlock;
import ai.spattention.segment.Segments;
import ai.spattention.torch.Bfloat16;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;

/**
 * The OLMoE language model (arXiv 2409.02060) as Hugging Face computes it, with the attention patterns of its configuration.
 *
 * <p>Input: token ids [B, N], int64, each in [0, V); where several documents are packed into a sequence also each position's
 * document [B, N], int64, and attention stays within it. Outputs: logits [B, N, V], then the three arrays of all layers' {@link
 * RouterStatistics}; {@link OlmoeOutput} gives them names.
 *
 * <p>With {@code ai.spattention.olmoe.loss.OlmoeLoss} it trains in a plain DJL Trainer, on a GPU with the fused attention kernel;
 * everything else is libtorch's there, and all logits exist at once. In a {@link SegmentedBlock} under an {@link
 * ai.spattention.segment.SegmentedTrainer} experts and loss have backward passes of their own, which keep less, and with {@link
 * Builder#optPrecision} bfloat16 a GPU runs kernels of this project for experts, norms, rotation and loss.
 *
 * <p>Without training nothing is recorded for autograd; a gradient needs {@code training = true}.
 */
public final class OlmoeModel extends AbstractBlock implements SegmentedBlock.Model {

    private static final byte VERSION = 1;

    private final OlmoeConfig config;
    private final TokenEmbedding embedding;
    private final List<DecoderLayer> layers = new ArrayList<>();
    private final RmsNorm finalNorm;
    private final Linear head;
    private final boolean activationCheckpointing;
    private final AttentionKernel kernel;
    private final Precision precision;

    private OlmoeModel(Builder builder) {
        super(VERSION);
        config = builder.config;
        activationCheckpointing = builder.activationCheckpointing;
        kernel = builder.kernel;
        precision = builder.precision;
        embedding = addChildBlock("embedding", new TokenEmbedding(config.vocabSize(), config.hiddenSize(), config.paddingIndex()));
        RotaryEmbedding rotary = builder.rotary == null ? new RotaryEmbedding(config.headDim(), config.ropeTheta()) : builder.rotary;
        for (int layer = 0; layer < config.numHiddenLayers(); layer++) {
            layers.add(addChildBlock("layer" + layer, layer(builder, config.patterns().of(layer), rotary)));
        }
        finalNorm = addChildBlock("finalNorm", new RmsNorm(config.rmsNormEps(), builder.precision));
        head = config.tieWordEmbeddings()
                ? null
                : addChildBlock("head", Linear.builder().setUnits(config.vocabSize()).optBias(false).build());
        for (Pair<String, Parameter> parameter : getParameters()) {
            if (parameter.getValue().getType() == Parameter.Type.WEIGHT) {
                parameter.getValue().setInitializer(new SeededNormal(
                        SeededNormal.seedOf(builder.seed, path(parameter.getKey())), config.initializerRange()));
            }
        }
        if (config.padTokenId() != null) {
            Parameter vectors = embedding.getWeight();
            vectors.setInitializer(withZeroRow(vectors.getInitializer(), config.paddingIndex()));
        }
    }

    /**
     * A parameter's name without the ordinals that DJL puts before the names of blocks, so that its initial values do not depend on
     * which other blocks there are: a model of another depth begins with the same head.
     */
    private static String path(String name) {
        return name.replaceAll("(^|_)[0-9]+(?=[^0-9_])", "$1");
    }

    private static Initializer withZeroRow(Initializer others, int row) {
        return (manager, shape, type) -> {
            NDArray array = others.initialize(manager, shape, type);
            array.set(new NDIndex("{}", row), 0);
            return array;
        };
    }

    private static DecoderLayer layer(Builder builder, AttentionPattern pattern, RotaryEmbedding rotary) {
        OlmoeConfig config = builder.config;
        SpAttentionBlock.Builder attention = SpAttentionBlock.builder()
                .setModelDim(config.hiddenSize())
                .setNumHeads(config.numAttentionHeads())
                .optNumKvHeads(config.numKeyValueHeads())
                .optHeadDim(config.headDim())
                .setPattern(pattern)
                .optLayoutLength(config.layoutLength())
                .optRotaryEmbedding(rotary)
                .optQueryKeyNorm(config.rmsNormEps())
                .optBias(config.attentionBias())
                .optDropout(config.attentionDropout())
                .optKernel(builder.kernel)
                .optPrecision(builder.precision);
        if (config.clipQkv() != null) {
            attention.optClipQkv(config.clipQkv());
        }
        MoeBlock experts = MoeBlock.of(config.numExperts(), config.intermediateSize(), config.numExpertsPerTok(),
                config.normTopkProb());
        return new DecoderLayer(attention.build(), experts, config.rmsNormEps(), builder.precision);
    }

    /**
     * Starts a model.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * The configuration that the model was built from.
     *
     * @return the configuration
     */
    public OlmoeConfig getConfig() {
        return config;
    }

    /**
     * The same model with bands computed from another length, for inference. It has no memory of its own: parameters stay this
     * model's, and what changes them in place changes both.
     *
     * @param layoutLength the length from which bands are computed
     * @return a model of the same parameters, or this one if the length is its own
     */
    public OlmoeModel withLayoutLength(LayoutLength layoutLength) {
        if (layoutLength.equals(config.layoutLength())) {
            return this;
        }
        Builder builder = builder().setConfig(config.withAttention(config.patterns(), layoutLength)).optKernel(kernel)
                .optPrecision(precision);
        builder.rotary = layers.get(0).getAttention().getRotaryEmbedding();
        OlmoeModel other = builder.build();
        ParameterList own = getParameters();
        ParameterList others = other.getParameters();
        other.freezeParameters(true); // else arrays that are not its own would lose their gradients
        for (int i = 0; i < own.size(); i++) {
            NDArray array = own.valueAt(i).getArray();
            others.valueAt(i).setInitializer((manager, shape, type) -> array);
        }
        other.initialize(own.valueAt(0).getArray().getManager(), DataType.FLOAT32, new Shape(1, 1)); // makes no array, of any type
        return other;
    }

    /**
     * The token embedding.
     *
     * @return the child block
     */
    public TokenEmbedding getEmbedding() {
        return embedding;
    }

    /**
     * The layers, first to last.
     *
     * @return the child blocks
     */
    public List<DecoderLayer> getLayers() {
        return List.copyOf(layers);
    }

    /**
     * The norm after the last layer.
     *
     * @return the child block
     */
    public RmsNorm getFinalNorm() {
        return finalNorm;
    }

    /**
     * The matrix that turns hidden states into logits.
     *
     * @return the parameter, [V, C]; the embedding's own where the two are tied
     */
    public Parameter getOutputWeight() {
        return head == null ? embedding.getWeight() : head.getDirectParameters().get("weight");
    }

    /**
     * Checks token ids on the host, for input that nobody has checked before: on a GPU a wrong id is a crash.
     *
     * @param tokenIds the ids
     * @throws InvalidInputException if one lies outside the vocabulary
     */
    public void requireTokenIds(long... tokenIds) {
        for (int i = 0; i < tokenIds.length; i++) {
            if (tokenIds[i] < 0 || tokenIds[i] >= config.vocabSize()) {
                throw new InvalidInputException("token ids must lie in [0, " + config.vocabSize() + "), the model's"
                        + " vocabulary (got " + tokenIds[i] + " at place " + i + ")");
            }
        }
    }

    /**
     * Runs the model over whole sequences.
     *
     * @param parameterStore where the weights come from
     * @param inputIds [B, N], int64
     * @param training whether this is a training step
     * @return the outputs, attached to the ids' manager
     */
    public OlmoeOutput forward(ParameterStore parameterStore, NDArray inputIds, boolean training) {
        return OlmoeOutput.of(forward(parameterStore, new NDList(inputIds), training));
    }

    /**
     * Runs the model over sequences into which several documents are packed.
     *
     * @param parameterStore where the weights come from
     * @param inputIds [B, N], int64
     * @param documents [B, N], int64: each position's document; attention stays within it
     * @param training whether this is a training step
     * @return the outputs, attached to the ids' manager
     */
    public OlmoeOutput forward(ParameterStore parameterStore, NDArray inputIds, NDArray documents, boolean training) {
        return OlmoeOutput.of(forward(parameterStore, new NDList(inputIds, documents), training));
    }

    /**
     * Reads the next tokens and predicts the one after them.
     *
     * @param parameterStore where the weights come from
     * @param inputIds [B, N], int64: the N tokens that follow those in the cache
     * @param cache what the layers keep of the tokens before; the new ones are added
     * @return the logits of the token after the last, [B, V], attached to the ids' manager
     */
    public NDArray predictNext(ParameterStore parameterStore, NDArray inputIds, DecodingCache cache) {
        try (NoGradient inference = new NoGradient(); NDManager scope = NDManager.subManagerOf(inputIds)) {
            scope.tempAttachAll(inputIds);
            NDArray hidden = hiddenStates(parameterStore, inputIds, cache);
            return scope.ret(logits(parameterStore, hidden.get(new NDIndex(":, -1")), false));
        }
    }

    /**
     * Reads tokens up to the last layer. {@link #logits(ParameterStore, NDArray)} turns those states into predictions that
     * are wanted: the matrix of the vocabulary is often the larger part of the work.
     *
     * @param parameterStore where the weights come from
     * @param inputIds [B, N], int64; with a cache, the N tokens that follow those in it
     * @param cache what the layers keep of the tokens before, to which the new ones are added; null if there are none and
     *     none will follow
     * @return the states after the last layer, [B, N, C], attached to the ids' manager
     */
    public NDArray hiddenStates(ParameterStore parameterStore, NDArray inputIds, DecodingCache cache) {
        return hiddenStates(parameterStore, new NDList(inputIds), cache);
    }

    /**
     * Reads whole sequences up to the last layer.
     *
     * @param parameterStore where the weights come from
     * @param inputs token ids [B, N], int64, and each position's document [B, N], int64, where several are packed into a sequence
     * @return the states after the last layer, [B, N, C], attached to the ids' manager
     */
    public NDArray hiddenStates(ParameterStore parameterStore, NDList inputs) {
        return hiddenStates(parameterStore, inputs, null);
    }

    private NDArray hiddenStates(ParameterStore parameterStore, NDList inputs, DecodingCache cache) {
        checkInputs(inputs);
        NDArray inputIds = inputs.head();
        NDArray documents = inputs.size() > 1 ? inputs.get(1) : null;
        try (NoGradient inference = new NoGradient(); NDManager scope = NDManager.subManagerOf(inputIds)) {
            scope.tempAttachAll(inputIds);
            NDArray hidden = embed(parameterStore, inputIds, false);
            for (int layer = 0; layer < layers.size(); layer++) {
                KeyValueCache kept = cache == null ? null : cache.layer(layer);
                NDArray next = layers.get(layer).run(parameterStore, Segments.inference(), hidden, documents, kept, false).head();
                hidden.close();
                hidden = next;
            }
            return scope.ret(hidden);
        }
    }

    /**
     * Predicts from states.
     *
     * @param parameterStore where the weights come from
     * @param hiddenStates any of what {@link #hiddenStates} gave, [..., C]
     * @return the logits of the tokens after them, [..., V], attached to the states' manager
     */
    public NDArray logits(ParameterStore parameterStore, NDArray hiddenStates) {
        try (NoGradient inference = new NoGradient(); NDManager scope = NDManager.subManagerOf(hiddenStates)) {
            scope.tempAttachAll(hiddenStates);
            return scope.ret(logits(parameterStore, hiddenStates, false));
        }
    }

    @Override
    protected NDList forwardInternal(ParameterStore parameterStore, NDList inputs, boolean training,
            PairList<String, Object> params) {
        if (training) {
            return run(parameterStore, Segments.engine(), inputs, null).toList();
        }
        try (NoGradient inference = new NoGradient()) {
            return run(parameterStore, Segments.inference(), inputs, null).toList();
        }
    }

    /**
     * Runs a training pass up to the language-model loss, whose logits never exist at once.
     *
     * @param parameterStore where the weights come from
     * @param segments how the parts are put together
     * @param data token ids [B, N], and documents [B, N] where several are packed into a sequence
     * @param labels targets [B, N], int64
     * @return what {@link OlmoeOutput} reads, the loss in the place of the logits
     */
    @Override
    public NDList forward(ParameterStore parameterStore, Segments segments, NDList data, NDList labels) {
        return run(parameterStore, segments, data, labels.singletonOrThrow()).toList();
    }

    /** Targets are given where the loss is wanted in the place of the logits. */
    private OlmoeOutput run(ParameterStore parameterStore, Segments segments, NDList inputs, NDArray targets) {
        checkInputs(inputs);
        boolean training = segments != Segments.inference();
        NDArray inputIds = inputs.head();
        NDArray documents = inputs.size() > 1 ? inputs.get(1) : null;
        try (NDManager scope = NDManager.subManagerOf(inputIds)) {
            scope.tempAttachAll(inputIds);
            NDArray hidden = segments.run("embedding", (inner, in) ->
                    new NDList(embed(parameterStore, inputIds, training)), new NDList()).singletonOrThrow();
            List<RouterStatistics> routers = new ArrayList<>();
            for (DecoderLayer layer : layers) {
                Segments.Part part = (inner, in) -> layer.run(parameterStore, inner, in.head(), documents, null, training);
                NDList outputs = activationCheckpointing ? segments.runAgainLater(part, new NDList(hidden))
                        : part.run(segments, new NDList(hidden));
                hidden.close(); // in training autograd keeps what it needs; without, the memory is free now
                hidden = outputs.head();
                routers.add(RouterStatistics.of(outputs.subNDList(1)));
            }
            NDArray result = targets == null ? logits(parameterStore, hidden, training)
                    : loss(parameterStore, segments, hidden, targets);
            return OlmoeOutput.of(scope.ret(new OlmoeOutput(result, RouterStatistics.stack(routers)).toList()));
        }
    }

    private NDArray embed(ParameterStore parameterStore, NDArray inputIds, boolean training) {
        return embedding.forward(parameterStore, new NDList(inputIds), training).singletonOrThrow();
    }

    private NDArray loss(ParameterStore parameterStore, Segments segments, NDArray hidden, NDArray targets) {
        NDArray normed = finalNorm.apply(parameterStore, segments, hidden, true);
        NDArray weight = parameterStore.getValue(getOutputWeight(), hidden.getDevice(), true);
        return segments.run("loss", new HeadLoss(targets), new NDList(normed, weight)).singletonOrThrow();
    }

    /** Float32 whatever the precision: a sum over the vocabulary follows. */
    private NDArray logits(ParameterStore parameterStore, NDArray hidden, boolean training) {
        NDArray normed = finalNorm.forward(parameterStore, new NDList(hidden), training).singletonOrThrow();
        NDArray weight = parameterStore.getValue(getOutputWeight(), hidden.getDevice(), training);
        NDArray logits = HeadLoss.logits(normed, weight);
        return Bfloat16.is(logits) ? Bfloat16.toFloat32(logits) : logits;
    }

    @Override
    protected void beforeInitialize(Shape... inputShapes) {
        super.beforeInitialize(inputShapes);
        checkShapes(inputShapes);
    }

    private static void checkShapes(Shape... inputShapes) {
        boolean packed = inputShapes.length == 2 && inputShapes[1].equals(inputShapes[0]);
        if (inputShapes.length != 1 && !packed || inputShapes[0].dimension() != 2) {
            throw new InvalidInputException("the model takes token ids, and documents if several are packed into a sequence,"
                    + " each [batch, length] (got "
                    + List.of(inputShapes) + ")");
        }
    }

    private static void checkInputs(NDList inputs) {
        checkShapes(inputs.getShapes());
        for (NDArray array : inputs) {
            if (array.getDataType() != DataType.INT64) {
                throw new InvalidInputException("the model takes token ids and documents as int64 (got "
                        + array.getDataType().name().toLowerCase(Locale.ROOT) + ")");
            }
        }
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape hidden = inputShapes[0].add(config.hiddenSize());
        embedding.initialize(manager, dataType, inputShapes);
        for (DecoderLayer layer : layers) {
            layer.initialize(manager, dataType, hidden);
        }
        finalNorm.initialize(manager, dataType, hidden);
        if (head != null) {
            head.initialize(manager, dataType, hidden);
        }
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        Shape each = new Shape(layers.size(), config.numExperts());
        return new Shape[] {inputShapes[0].add(config.vocabSize()), each, each, new Shape(layers.size())};
    }

    @Override
    protected void saveMetadata(DataOutputStream os) throws IOException {
        saveInputShapes(os);
        os.writeUTF(settings());
    }

    @Override
    protected void loadMetadata(byte loadVersion, DataInputStream is) throws IOException, MalformedModelException {
        if (loadVersion != VERSION) {
            throw new MalformedModelException("these OLMoE parameters have format version " + loadVersion
                    + ", this program reads version " + VERSION);
        }
        readInputShapes(is);
        Iterator<String> saved = is.readUTF().lines().iterator();
        for (String own : settings().lines().toList()) {
            String other = saved.hasNext() ? saved.next() : "an older configuration";
            if (!own.equals(other)) {
                throw new MalformedModelException("the saved model has " + clean(other) + ", this one has " + clean(own));
            }
        }
    }

    private static String clean(String line) {
        return line.strip().replaceAll(",$", "");
    }

    /** The configuration as text, a key a line. */
    private String settings() {
        return ConfigJson.write(config, "float32");
    }

    /** Builds an {@link OlmoeModel}. */
    public static final class Builder {

        private OlmoeConfig config;
        private RotaryEmbedding rotary; // another model's, whose tables are shared
        private AttentionKernel kernel = new AutoKernel();
        private Precision precision = Precision.FLOAT32;
        private boolean activationCheckpointing;
        private long seed;

        private Builder() {}

        /**
         * Sets the configuration. Required.
         *
         * @param config the configuration
         * @return this builder
         */
        public Builder setConfig(OlmoeConfig config) {
            this.config = config;
            return this;
        }

        /**
         * Sets how attention is computed. Default: {@link AutoKernel}, which takes the fastest that fits.
         *
         * @param kernel the kernel
         * @return this builder
         */
        public Builder optKernel(AttentionKernel kernel) {
            this.kernel = kernel;
            return this;
        }

        /**
         * Sets the type of matrix products and activations. Parameters, the residual stream, the router and the logits stay
         * float32. Default: float32.
         *
         * @param precision the precision
         * @return this builder
         */
        public Builder optPrecision(Precision precision) {
            this.precision = precision;
            return this;
        }

        /**
         * Keeps only each layer's input for the backward pass, which computes the layer again: less memory, a third more work.
         * It counts where the model trains in segments ({@link SegmentedBlock}). Default: off.
         *
         * @param activationCheckpointing whether to
         * @return this builder
         */
        public Builder optActivationCheckpointing(boolean activationCheckpointing) {
            this.activationCheckpointing = activationCheckpointing;
            return this;
        }

        /**
         * Sets the seed of the initial parameters: all matrices from a normal distribution with the configuration's
         * {@code initializer_range} as deviation, norms 1, biases and the padding token's vector 0. A parameter's values depend on
         * the seed, its path and its shape alone: models that share one begin with the same, whatever else differs. Default: 0.
         *
         * @param seed the seed
         * @return this builder
         */
        public Builder optSeed(long seed) {
            this.seed = seed;
            return this;
        }

        /**
         * Builds the model; its parameters are made when it is initialised.
         *
         * @return the model
         */
        public OlmoeModel build() {
            if (config == null) {
                throw new InvalidInputException("an OLMoE configuration must be set");
            }
            if (activationCheckpointing && config.attentionDropout() > 0) {
                throw new InvalidInputException("activation checkpointing computes a layer twice, which dropout makes differ (got"
                        + " attention dropout " + config.attentionDropout() + "): switch one of the two off");
            }
            return new OlmoeModel(this);
        }
    }
}
