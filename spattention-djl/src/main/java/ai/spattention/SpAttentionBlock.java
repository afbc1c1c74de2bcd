package ai.spattention;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.nn.transformer.ScaledDotProductAttentionBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.Pair;
import ai.djl.util.PairList;
import ai.spattention.attention.AttentionKernel;
import ai.spattention.attention.AttentionLayout;
import ai.spattention.attention.AttentionPart;
import ai.spattention.attention.auto.AutoKernel;
import ai.spattention.attention.auto.Kernels;
import ai.spattention.attention.engine.LshAttention;
import ai.spattention.attention.engine.MaskedKernel;
import ai.spattention.common.InvalidInputException;
import ai.spattention.pattern.AttentionPattern;
import ai.spattention.pattern.LayoutLength;
import ai.spattention.pattern.LshSettings;
import ai.spattention.pattern.StandardPattern;
import ai.spattention.querykeyrotary.QueryKeyRotaryPart;
import ai.spattention.querykeyrotary.QueryKeyRotarySteps;
import ai.spattention.segment.Segments;
import ai.spattention.torch.Bfloat16;
import ai.spattention.torch.Scopes;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * Multi-head self-attention in which each head looks at its own band of token distances (SPAttention, arXiv 2511.09596),
 * or at what any other {@link AttentionPattern} allows it. All patterns are causal.
 *
 * <p>It takes what DJL's {@link ScaledDotProductAttentionBlock} takes:
 *
 * <ul>
 *   <li>[input]: [B, N, C], self-attention
 *   <li>[input, mask]: [B, N, C] and [B, N, N], 1 for pairs to keep, 0 for pairs to mask
 *   <li>[input, documents]: [B, N, C] and [B, N], whole numbers: where several documents are packed into a sequence, each
 *       position's document; a query sees only keys of its own
 *   <li>[input, padding mask]: [B, N, C] and [B, N], floating-point or boolean: 0 for padding, which no other position sees
 *   <li>[input, valid lengths]: [B, N, C] and [B]: the same, where what follows a sequence's first so many positions is padding
 *   <li>[input, offsets]: [B, N, C] and floating-point [B, H, N, N], 1 in the place of what does not differ: added to the scores,
 *       as DJL's {@code BertBlock} hands a mask to its layers, 0 for pairs to keep and -100,000 for pairs to mask
 *   <li>[keys, queries, values]: [B, M, C], [B, N, C] and [B, M, C] with N &lt;= M; the queries are the last N positions
 *   <li>[keys, queries, values, mask]: the same with a mask [B, N, M]
 * </ul>
 *
 * <p>and gives [B, N, C]. In place of a mask [B, N, M] documents [B, M], a padding mask [B, M] or
 * valid lengths [B] may stand everywhere, at no cost in memory. Projections are child blocks with
 * weights [out, in]. A mask or offsets are honoured by the masked kernel, whose memory grows with H · N · M.
 *
 * <p>Where DJL's block stands, this one can stand:
 *
 * <table>
 *   <caption>Equivalents</caption>
 *   <tr><th>DJL's block</th><th>this block</th></tr>
 *   <tr><td>{@code setEmbeddingSize}</td><td>the same, or {@code setModelDim}</td></tr>
 *   <tr><td>{@code setHeadCount}</td><td>the same, or {@code setNumHeads}</td></tr>
 *   <tr><td>{@code optAttentionProbsDropoutProb}, 0.1 unless set</td><td>the same, or {@code optDropout}, 0 unless set</td></tr>
 *   <tr><td>projections with a bias, always</td><td>{@code optBias(true)}</td></tr>
 *   <tr><td>{@code getResultProjection}</td><td>{@code getOutputProjection}</td></tr>
 *   <tr><td>sees everything that the mask does not hide, without a mask what follows a query, too</td><td>sees what the pattern allows
 *       and the mask does not hide, never what follows: {@link StandardPattern#CAUSAL} needs no causal mask, and an encoder such as
 *       BERT's is not to be swapped</td></tr>
 *   <tr><td>a query whose keys are all hidden sees them all</td><td>it sees nothing: zeros are projected</td></tr>
 *   <tr><td>more queries than keys</td><td>refused</td></tr>
 *   <tr><td>a mask in four axes is added to the scores</td><td>the same</td></tr>
 *   <tr><td>trained weights</td><td>{@link #copyParameters}; back by {@link #copyParametersTo}</td></tr>
 * </table>
 */
public final class SpAttentionBlock extends AbstractBlock {

    private static final byte VERSION = 1;

    private final int modelDim;
    private final int numHeads;
    private final int numKvHeads;
    private final int headDim;
    private final AttentionLayout layout;
    private final double rotaryTheta;
    private final RotaryEmbedding rotary;
    private final float queryKeyNormEpsilon;
    private final float clipQkv;
    private final boolean bias;
    private final float dropout;
    private final AttentionKernel kernel;
    private final Precision precision;

    private final Linear queryProjection;
    /** Null, as the norm, where keys are the queries. */
    private final Linear keyProjection;
    private final Block placeOfKeys;
    private final Linear valueProjection;
    private final Linear outputProjection;
    private final RmsNorm queryNorm;
    private final RmsNorm keyNorm;

    private SpAttentionBlock(Builder builder) {
        super(VERSION);
        modelDim = builder.modelDim;
        numHeads = builder.numHeads;
        numKvHeads = builder.numKvHeads;
        headDim = builder.headDim;
        layout = new AttentionLayout(builder.pattern, builder.layoutLength);
        rotaryTheta = builder.rotaryTheta;
        rotary = builder.rotary != null || rotaryTheta == 0 ? builder.rotary : new RotaryEmbedding(headDim, rotaryTheta);
        queryKeyNormEpsilon = builder.queryKeyNormEpsilon;
        clipQkv = builder.clipQkv;
        bias = builder.bias;
        dropout = builder.dropout;
        kernel = builder.kernel;
        precision = builder.precision;
        queryProjection = addChildBlock("queryProjection", projection((long) numHeads * headDim));
        boolean shared = layout.pattern() instanceof LshSettings;
        keyProjection = shared ? null : projection((long) numKvHeads * headDim);
        // an empty child holds the place: initial weights depend on paths, and these on the children's numbers
        placeOfKeys = addChildBlock("keyProjection", shared ? Blocks.identityBlock() : keyProjection);
        valueProjection = addChildBlock("valueProjection", projection((long) numKvHeads * headDim));
        outputProjection = addChildBlock("outputProjection", projection(modelDim));
        boolean normalise = queryKeyNormEpsilon > 0;
        queryNorm = normalise ? addChildBlock("queryNorm", new RmsNorm(queryKeyNormEpsilon, precision)) : null;
        keyNorm = normalise && !shared ? addChildBlock("keyNorm", new RmsNorm(queryKeyNormEpsilon, precision)) : null;
    }

    private Linear projection(long units) {
        return Linear.builder().setUnits(units).optBias(bias).build();
    }

    /**
     * Starts a block.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * The projection of the queries.
     *
     * @return the child block, weight [H · D, C]
     */
    public Linear getQueryProjection() {
        return queryProjection;
    }

    /**
     * The projection of the keys.
     *
     * @return the child block, weight [G · D, C], or null with lsh attention, where keys are the queries
     */
    public Linear getKeyProjection() {
        return keyProjection;
    }

    /**
     * The projection of the values.
     *
     * @return the child block, weight [G · D, C]
     */
    public Linear getValueProjection() {
        return valueProjection;
    }

    /**
     * The projection of the heads' results.
     *
     * @return the child block, weight [E, H · D]
     */
    public Linear getOutputProjection() {
        return outputProjection;
    }

    /**
     * The normalisation of the queries.
     *
     * @return the child block, or null where query/key normalisation is off
     */
    public RmsNorm getQueryNorm() {
        return queryNorm;
    }

    /**
     * The normalisation of the keys.
     *
     * @return the child block, or null where query/key normalisation is off, and with lsh attention
     */
    public RmsNorm getKeyNorm() {
        return keyNorm;
    }

    /**
     * The rotary embedding, whose tables other blocks may share.
     *
     * @return the embedding, or null where it is off
     */
    public RotaryEmbedding getRotaryEmbedding() {
        return rotary;
    }

    /**
     * The pattern and its layout length.
     *
     * @return the layout
     */
    public AttentionLayout getLayout() {
        return layout;
    }

    /**
     * Takes over the weights of DJL's block, for example of a trained model. With the causal pattern this block then gives what
     * that one gives under a causal mask; with another it is a start for further training. Both must have been initialized or
     * loaded, and the heads must be as many, which DJL's block does not tell. The weights are copied: neither block changes with
     * the other afterwards.
     *
     * @param trained the block with the weights
     * @throws InvalidInputException if this block has no bias, or other weights than DJL's block, or one of them has none yet
     */
    public void copyParameters(ScaledDotProductAttentionBlock trained) {
        pairs(trained).forEach(pair -> pair.getKey().getArray().copyTo(pair.getValue().getArray()));
    }

    /**
     * Hands this block's weights to DJL's block: {@link #copyParameters} the other way, under the same conditions.
     *
     * @param target the block that takes the weights
     * @throws InvalidInputException if the pattern is not the causal one, which DJL's block under a causal mask computes; if this
     *     block has no bias, or other weights than DJL's block, or one of them has none yet
     */
    public void copyParametersTo(ScaledDotProductAttentionBlock target) {
        if (layout.pattern() != StandardPattern.CAUSAL) {
            throw new InvalidInputException("DJL's block computes what this one does for the pattern causal only (got "
                    + layout.pattern().patternName() + "): keep this block, or train DJL's from its own weights");
        }
        pairs(target).forEach(pair -> pair.getValue().getArray().copyTo(pair.getKey().getArray()));
    }

    /** The parameters of DJL's block, each with that of this block; refused, before any changes, unless all fit. */
    private PairList<Parameter, Parameter> pairs(ScaledDotProductAttentionBlock other) {
        if (!bias || keyProjection == null || numKvHeads != numHeads || clipQkv > 0 || queryKeyNormEpsilon > 0 || rotaryTheta > 0) {
            String described = settings().stream().map(setting -> setting.getKey() + " " + setting.getValue())
                    .collect(Collectors.joining(", "));
            throw new InvalidInputException("weights of DJL's block fit a block with bias, as many key/value heads as heads, and no"
                    + " rotary embedding, query/key normalisation or clipping (got " + described + ")");
        }
        PairList<Parameter, Parameter> pairs = new PairList<>();
        addPairs(pairs, other.getQueryProjection(), queryProjection);
        addPairs(pairs, other.getKeyProjection(), keyProjection);
        addPairs(pairs, other.getValueProjection(), valueProjection);
        addPairs(pairs, other.getResultProjection(), outputProjection);
        for (Pair<Parameter, Parameter> pair : pairs) {
            if (!pair.getKey().isInitialized() || !pair.getValue().isInitialized()) {
                throw new InvalidInputException("weights are copied between blocks that have been initialized or loaded (got "
                        + (pair.getKey().isInitialized() ? "a block" : "a block of DJL") + " without weights): initialize it first");
            }
            Shape shape = pair.getKey().getArray().getShape();
            if (!shape.equals(pair.getValue().getArray().getShape())) {
                throw new InvalidInputException("DJL's block has a " + pair.getKey().getName() + " " + shape + ", this one "
                        + pair.getValue().getArray().getShape() + ": give both the same embedding size and number of heads");
            }
        }
        return pairs;
    }

    private static void addPairs(PairList<Parameter, Parameter> pairs, Linear other, Linear own) {
        for (String name : List.of("weight", "bias")) {
            pairs.add(other.getDirectParameters().get(name), own.getDirectParameters().get(name));
        }
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        checkCount(inputShapes.length);
        return new Shape[] {inputShapes[inputShapes.length < 3 ? 0 : 1]};
    }

    @Override
    protected void beforeInitialize(Shape... inputShapes) {
        super.beforeInitialize(inputShapes);
        checkCount(inputShapes.length);
        for (int i = 0; i < (inputShapes.length < 3 ? 1 : 3); i++) {
            checkInput(inputShapes[i]);
        }
    }

    private static void checkCount(int inputs) {
        if (inputs < 1 || inputs > 4) {
            throw new InvalidInputException("attention takes 1 to 4 inputs (got " + inputs
                    + "): [input], [input, mask], [keys, queries, values] or [keys, queries, values, mask]");
        }
    }

    private void checkInput(Shape shape) {
        if (shape.dimension() != 3 || shape.get(2) != modelDim) {
            throw new InvalidInputException("attention with model dimension " + modelDim + " takes [batch, length, "
                    + modelDim + "] (got " + shape + ")");
        }
    }

    private void checkInputs(Shape queries, Shape keys, Shape values) {
        checkInput(queries);
        checkInput(keys);
        if (!values.equals(keys) || queries.get(0) != keys.get(0) || queries.get(1) > keys.get(1)) {
            throw new InvalidInputException("attention takes keys and values of one shape, [batch, length, " + modelDim
                    + "], and for each of the batch at most as many queries (got keys " + keys + ", queries " + queries
                    + ", values " + values + ")");
        }
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputShapes) {
        if (dataType != DataType.FLOAT32 && dataType != DataType.FLOAT64 && dataType != DataType.FLOAT16) {
            String advice = dataType != DataType.BFLOAT16 ? "" : ": DJL's PyTorch has no bfloat16; leave them float32 and build the"
                    + " block with optPrecision(Precision.BFLOAT16)";
            throw new InvalidInputException("the parameters of attention can be float32, float64 or float16 (got " + dataType + ")"
                    + advice);
        }
        Shape input = inputShapes[0];
        Shape queries = new Shape(input.get(0), input.get(1), (long) numHeads * headDim);
        Shape keys = new Shape(input.get(0), input.get(1), (long) numKvHeads * headDim);
        queryProjection.initialize(manager, dataType, input);
        placeOfKeys.initialize(manager, dataType, input);
        valueProjection.initialize(manager, dataType, input);
        outputProjection.initialize(manager, dataType, queries);
        if (queryNorm != null) {
            queryNorm.initialize(manager, dataType, queries);
        }
        if (keyNorm != null) {
            keyNorm.initialize(manager, dataType, keys);
        }
    }

    @Override
    protected NDList forwardInternal(ParameterStore parameterStore, NDList inputs, boolean training,
            PairList<String, Object> params) {
        checkCount(inputs.size());
        boolean self = inputs.size() < 3;
        NDArray keys = inputs.get(0);
        NDArray queries = inputs.get(self ? 0 : 1);
        NDArray values = inputs.get(self ? 0 : 2);
        NDArray last = inputs.size() % 2 == 0 ? inputs.get(inputs.size() - 1) : null;
        int axes = last == null ? 0 : last.getShape().dimension();
        if (axes == 0 || axes == 3 || axes == 4) {
            return new NDList(attend(parameterStore, Segments.engine(), queries, keys, values, last, null, null, training));
        }
        if (axes > 4) {
            throw new InvalidInputException("attention takes a mask [batch, " + queries.getShape().get(1) + ", "
                    + keys.getShape().get(1) + "], documents or a padding mask [batch, " + keys.getShape().get(1)
                    + "], valid lengths [batch], or what is added to the scores [batch, heads, " + queries.getShape().get(1) + ", "
                    + keys.getShape().get(1) + "] besides its input (got " + last.getShape() + ")");
        }
        checkInputs(queries.getShape(), keys.getShape(), values.getShape());
        NDArray documents = Padding.documents(last, keys.getShape().get(0), keys.getShape().get(1));
        try {
            return new NDList(attend(parameterStore, Segments.engine(), queries, keys, values, null, documents, null, training));
        } finally {
            if (documents != last) {
                documents.close(); // autograd keeps what it needs
            }
        }
    }

    /**
     * Self-attention of a whole sequence, as a part of a model that may be cut into segments.
     *
     * @param parameterStore where the weights come from
     * @param segments how the parts are put together
     * @param hidden [B, N, C]
     * @param documents [B, N], int64: each position's document; null for one document
     * @param training whether to apply dropout
     * @return [B, N, C] in the input's type
     */
    public NDArray attend(ParameterStore parameterStore, Segments segments, NDArray hidden, NDArray documents, boolean training) {
        return attend(parameterStore, segments, hidden, hidden, hidden, null, documents, null, training);
    }

    /**
     * Self-attention of positions that follow those in a cache. Rotary positions go on where the cache ends.
     *
     * @param parameterStore where the weights come from
     * @param hidden [B, N, C], the next N positions
     * @param cache the keys and values of the positions before; the new ones are appended
     * @param training whether to apply dropout
     * @return [B, N, C]
     */
    public NDArray attend(ParameterStore parameterStore, NDArray hidden, KeyValueCache cache, boolean training) {
        return attend(parameterStore, Segments.engine(), hidden, hidden, hidden, null, null, cache, training);
    }

    private NDArray attend(ParameterStore parameterStore, Segments segments, NDArray queryInput, NDArray keyInput,
            NDArray valueInput, NDArray mask, NDArray documents, KeyValueCache cache, boolean training) {
        checkInputs(queryInput.getShape(), keyInput.getShape(), valueInput.getShape());
        if (layout.pattern() instanceof LshSettings) {
            requireHashable(queryInput == keyInput, mask, cache);
        }
        try (NDManager scope = Scopes.over(queryInput, keyInput, valueInput)) {
            int cached = cache == null ? 0 : cache.length();
            NDList projected = project(parameterStore, segments, new NDList(queryInput, keyInput, valueInput), cached, training);
            if (layout.pattern() instanceof LshSettings lsh) {
                NDArray hashed = attendByHashing(segments, projected, documents, lsh, cache, training);
                return scope.ret(joined(parameterStore, segments, hashed, Bfloat16.is(queryInput), training));
            }
            NDArray q = projected.get(0);
            NDList past = cache == null ? projected.subNDList(1) : cache.append(projected.get(1), projected.get(2));
            NDArray k = past.get(0);
            NDArray v = past.get(1);
            AttentionLayout current = cache == null ? layout : cache.layout(layout);
            NDArray heads = mask == null
                    ? AttentionPart.run(segments, kernel, new NDList(q, k, v), documents, current, dropout, training)
                    : mask.getShape().dimension() == 4
                    ? new MaskedKernel().attendWithOffsets(q, k, v, layout, mask, dropout, training)
                    : new MaskedKernel().attend(q, k, v, layout, mask, dropout, training);
            return scope.ret(joined(parameterStore, segments, heads, Bfloat16.is(queryInput), training));
        }
    }

    /** What lsh attention cannot do. */
    private static void requireHashable(boolean shared, NDArray mask, KeyValueCache cache) {
        if (!shared) {
            throw new InvalidInputException("lsh attention has keys that are the queries (got two inputs for them): give one input, or one"
                    + " array for both");
        }
        if (mask != null) {
            throw new InvalidInputException("lsh attention takes documents, a padding mask or valid lengths (got a mask of pairs "
                    + mask.getShape() + "): use one of these, or a pattern with masks");
        }
        if (cache != null && cache.length() > 0) {
            throw new InvalidInputException("lsh attention reads a sequence as a whole (got " + cache.length()
                    + " positions in a cache): give all positions and an empty cache, or none");
        }
    }

    /** Of shared vectors and values, [B, H, N, D] each; an empty cache learns how many positions there were. */
    private NDArray attendByHashing(Segments segments, NDList projected, NDArray documents, LshSettings lsh, KeyValueCache cache,
            boolean training) {
        AttentionLayout current = cache == null ? layout : cache.layout(layout);
        int layoutLength = current.layoutLength().resolve((int) projected.get(0).getShape().get(2));
        if (cache != null) {
            cache.append(projected.get(0), projected.get(1));
        }
        return segments.run("attention", (inner, in) -> new NDList(
                LshAttention.attend(in.get(0), in.get(1), documents, lsh, layoutLength, dropout, training)), projected).singletonOrThrow();
    }

    private NDArray joined(ParameterStore parameterStore, Segments segments, NDArray heads, boolean keepBfloat16, boolean training) {
        return segments.run("attention projections", (inner, inputs) -> new NDList(join(parameterStore, inputs.head(), keepBfloat16,
                training)), new NDList(heads)).singletonOrThrow();
    }

    /**
     * Queries [B, H, N, D], keys and values [B, G, M, D] of the inputs for each, with their positions' rotation; without keys where they
     * are the queries.
     */
    private NDList project(ParameterStore parameterStore, Segments segments, NDList inputs, int cached, boolean training) {
        int ahead = (int) (inputs.get(1).getShape().get(1) - inputs.get(0).getShape().get(1));
        if (!segments.isExplicit() || precision != Precision.BFLOAT16 || rotary == null || queryNorm == null || clipQkv > 0
                || keyProjection == null) {
            return segments.run("attention projections", (inner, in) -> {
                NDArray q = project(parameterStore, queryProjection, queryNorm, in.get(0), numHeads, training);
                NDArray v = project(parameterStore, valueProjection, null, in.get(2), numKvHeads, training);
                if (keyProjection == null) {
                    return new NDList(rotary == null ? q : rotary.apply(q, cached), v);
                }
                NDArray k = project(parameterStore, keyProjection, keyNorm, in.get(1), numKvHeads, training);
                return rotary == null ? new NDList(q, k, v)
                        : new NDList(rotary.apply(q, cached + ahead), rotary.apply(k, cached), v);
            }, inputs);
        }
        NDList rows = segments.run("attention projections", (inner, in) -> new NDList(
                BlockOperators.linear(parameterStore, queryProjection, in.get(0), precision, training),
                BlockOperators.linear(parameterStore, keyProjection, in.get(1), precision, training),
                project(parameterStore, valueProjection, null, in.get(2), numKvHeads, training)), inputs);
        return new NDList(rotate(parameterStore, segments, queryNorm, rows.get(0), numHeads, cached + ahead, training),
                rotate(parameterStore, segments, keyNorm, rows.get(1), numKvHeads, cached, training), rows.get(2));
    }

    /** Normalises rows [B, N, heads D], splits them into heads and rotates: [B, heads, N, D]; by the kernels where they serve. */
    private NDArray rotate(ParameterStore parameterStore, Segments segments, RmsNorm norm, NDArray rows, int heads,
            int firstPosition, boolean training) {
        NDArray weight = parameterStore.getValue(norm.getWeight(), rows.getDevice(), training);
        UnaryOperator<NDList> differentiable = in -> new NDList(rotary.apply(
                split(BlockOperators.rmsNorm(in.get(0), in.get(1), norm.epsilon(), precision), heads), firstPosition));
        NDList inputs = new NDList(rows, weight);
        String name = "query/key norms and rotation";
        return (QueryKeyRotarySteps.serves(rows, headDim)
                ? segments.run(name, new QueryKeyRotaryPart(rotary.table(rows.getDevice(),
                        firstPosition + (int) rows.getShape().get(1)), firstPosition, norm.epsilon(), differentiable), inputs)
                : segments.run(name, (inner, in) -> differentiable.apply(in), inputs)).singletonOrThrow();
    }

    /** Projects, normalises, clips and splits: [B, N, C] to [B, heads, N, D]. */
    private NDArray project(ParameterStore parameterStore, Linear projection, RmsNorm norm, NDArray input, int heads,
            boolean training) {
        NDArray projected = BlockOperators.linear(parameterStore, projection, input, precision, training);
        if (norm != null) {
            projected = norm.forward(parameterStore, new NDList(projected), training).singletonOrThrow();
        }
        if (clipQkv > 0) {
            projected = projected.clip(-clipQkv, clipQkv);
        }
        return split(projected, heads);
    }

    /** [B, N, heads D] to [B, heads, N, D]. */
    private NDArray split(NDArray rows, int heads) {
        Shape shape = rows.getShape();
        return rows.reshape(shape.get(0), shape.get(1), heads, headDim).transpose(0, 2, 1, 3);
    }

    /** Joins the heads and projects them back: [B, H, N, D] to [B, N, C]. */
    private NDArray join(ParameterStore parameterStore, NDArray heads, boolean keepBfloat16, boolean training) {
        Shape shape = heads.getShape();
        NDArray joined = heads.transpose(0, 2, 1, 3).reshape(shape.get(0), shape.get(2), (long) numHeads * headDim);
        NDArray output = BlockOperators.linear(parameterStore, outputProjection, joined, precision, training);
        return Bfloat16.is(output) && !keepBfloat16 ? Bfloat16.toFloat32(output) : output;
    }

    @Override
    protected void saveMetadata(DataOutputStream os) throws IOException {
        saveInputShapes(os);
        for (Pair<String, String> setting : settings()) {
            os.writeUTF(setting.getValue());
        }
    }

    @Override
    protected void loadMetadata(byte loadVersion, DataInputStream is) throws IOException, MalformedModelException {
        if (loadVersion != VERSION) {
            throw new MalformedModelException("these attention parameters have format version " + loadVersion
                    + ", this program reads version " + VERSION);
        }
        readInputShapes(is);
        for (Pair<String, String> setting : settings()) {
            String saved = is.readUTF();
            if (!saved.equals(setting.getValue())) {
                throw new MalformedModelException("the saved attention block has " + setting.getKey() + " " + saved
                        + ", this one has " + setting.getValue());
            }
        }
    }

    /** What a saved block must share with the block that loads it, in the order of the file. */
    private PairList<String, String> settings() {
        PairList<String, String> settings = new PairList<>();
        settings.add("model dimension", Integer.toString(modelDim));
        settings.add("number of heads", Integer.toString(numHeads));
        settings.add("number of key/value heads", Integer.toString(numKvHeads));
        settings.add("head dimension", Integer.toString(headDim));
        settings.add("pattern", layout.pattern().patternName());
        settings.add("layout length", layout.layoutLength().toString());
        settings.add("rotary theta", Double.toString(rotaryTheta));
        settings.add("query/key normalisation epsilon", Float.toString(queryKeyNormEpsilon));
        settings.add("clip", Float.toString(clipQkv));
        settings.add("bias", Boolean.toString(bias));
        return settings;
    }

    /** Builds a {@link SpAttentionBlock}. */
    public static final class Builder {

        private int modelDim;
        private int numHeads;
        private int numKvHeads;
        private int headDim;
        private AttentionPattern pattern;
        private LayoutLength layoutLength = LayoutLength.SEQUENCE;
        private double rotaryTheta;
        private RotaryEmbedding rotary;
        private float queryKeyNormEpsilon;
        private float clipQkv;
        private boolean bias;
        private float dropout;
        private AttentionKernel kernel = new AutoKernel();
        private Precision precision = Precision.FLOAT32;

        private Builder() {}

        /**
         * Sets the size of a token's vector, E. Required.
         *
         * @param modelDim E, at least 1
         * @return this builder
         */
        public Builder setModelDim(int modelDim) {
            this.modelDim = modelDim;
            return this;
        }

        /**
         * Sets the number of query heads, H. Required.
         *
         * @param numHeads H, at least 1
         * @return this builder
         */
        public Builder setNumHeads(int numHeads) {
            this.numHeads = numHeads;
            return this;
        }

        /**
         * DJL's name for {@link #setModelDim}.
         *
         * @param embeddingSize E, at least 1
         * @return this builder
         */
        public Builder setEmbeddingSize(int embeddingSize) {
            return setModelDim(embeddingSize);
        }

        /**
         * DJL's name for {@link #setNumHeads}.
         *
         * @param headCount H, at least 1
         * @return this builder
         */
        public Builder setHeadCount(int headCount) {
            return setNumHeads(headCount);
        }

        /**
         * Sets which keys the heads see. Required.
         *
         * @param pattern the pattern, for example {@link StandardPattern#SP}
         * @return this builder
         */
        public Builder setPattern(AttentionPattern pattern) {
            this.pattern = pattern;
            return this;
        }

        /**
         * Attention by hashing in a pattern's place: what a head sees depends on the tokens. Keys are the queries, so that there is no
         * projection and no norm of keys; rotary embedding turns the shared vectors before they are hashed, for they are hashed as they
         * are compared. The block takes one input, documents, padding masks and valid lengths, no masks of pairs, and reads sequences as a
         * whole: no positions after a cache. {@link #optKernel} has no part in it.
         *
         * @param settings rounds, chunk length and seed
         * @return this builder
         */
        public Builder optLshAttention(LshSettings settings) {
            return setPattern(settings);
        }

        /**
         * Sets the number of key/value heads, G, for grouped-query attention. Default: H.
         *
         * @param numKvHeads G, a divisor of H
         * @return this builder
         */
        public Builder optNumKvHeads(int numKvHeads) {
            this.numKvHeads = requirePositive("the number of key/value heads", numKvHeads);
            return this;
        }

        /**
         * Sets the head dimension, D. Default: E / H, which must then be whole.
         *
         * @param headDim D, at least 1, even with rotary embedding
         * @return this builder
         */
        public Builder optHeadDim(int headDim) {
            this.headDim = requirePositive("the head dimension", headDim);
            return this;
        }

        /**
         * Sets the length from which the heads' bands are computed. Default: the sequence at hand, as published. Fix it
         * to the training length for a model that will see other lengths.
         *
         * @param layoutLength the layout length
         * @return this builder
         */
        public Builder optLayoutLength(LayoutLength layoutLength) {
            this.layoutLength = layoutLength;
            return this;
        }

        /**
         * Turns rotary position embedding on. Default: off.
         *
         * @param theta the base of the frequencies, for example 10,000; positive
         * @return this builder
         */
        public Builder optRotaryEmbedding(double theta) {
            if (!(theta > 0) || Double.isInfinite(theta)) {
                throw new InvalidInputException("the rotary embedding's theta must be positive (got " + theta + ")");
            }
            this.rotaryTheta = theta;
            rotary = null;
            return this;
        }

        /**
         * Turns rotary position embedding on, with tables that several blocks share. Default: off.
         *
         * @param embedding the embedding, of the head dimension
         * @return this builder
         */
        public Builder optRotaryEmbedding(RotaryEmbedding embedding) {
            rotaryTheta = embedding.theta();
            rotary = embedding;
            return this;
        }

        /**
         * Turns RMS normalisation over the whole query and the whole key projection on. Default: off.
         *
         * @param epsilon what is added to the mean square, for example 1e-5; positive
         * @return this builder
         */
        public Builder optQueryKeyNorm(float epsilon) {
            if (!(epsilon > 0)) {
                throw new InvalidInputException("the normalisation's epsilon must be positive (got " + epsilon + ")");
            }
            this.queryKeyNormEpsilon = epsilon;
            return this;
        }

        /**
         * Clamps queries, keys and values after projection and normalisation. Default: off.
         *
         * @param limit the largest magnitude that stays, positive
         * @return this builder
         */
        public Builder optClipQkv(float limit) {
            if (!(limit > 0)) {
                throw new InvalidInputException("the clipping limit must be positive (got " + limit + ")");
            }
            this.clipQkv = limit;
            return this;
        }

        /**
         * Gives the four projections a bias. Default: none.
         *
         * @param bias whether to add one
         * @return this builder
         */
        public Builder optBias(boolean bias) {
            this.bias = bias;
            return this;
        }

        /**
         * Sets the probability with which an attention weight is dropped in training. Default: 0.
         *
         * <p>What is dropped repeats itself after {@code Engine.setRandomSeed}. The fused kernel rounds the probability to a multiple
         * of 1 / 65536; of the fast kernels the window kernel alone cannot drop weights.
         *
         * @param dropout in [0, 1)
         * @return this builder
         */
        public Builder optDropout(float dropout) {
            if (!(dropout >= 0 && dropout < 1)) {
                throw new InvalidInputException("dropout must lie in [0, 1) (got " + dropout + ")");
            }
            this.dropout = dropout;
            return this;
        }

        /**
         * DJL's name for {@link #optDropout}; DJL's block has 0.1 unless it is set.
         *
         * @param attentionProbsDropoutProb in [0, 1)
         * @return this builder
         */
        public Builder optAttentionProbsDropoutProb(float attentionProbsDropoutProb) {
            return optDropout(attentionProbsDropoutProb);
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
         * Sets how attention is computed, by a kernel's name: one of this project's or of your own ({@link Kernels}).
         *
         * @param name the kernel's name
         * @return this builder
         * @throws InvalidInputException if no kernel has the name
         */
        public Builder optKernel(String name) {
            return optKernel(Kernels.of(name));
        }

        /**
         * Sets the type of projections and attention; parameters, inputs and outputs keep theirs. Default: float32.
         *
         * @param precision the precision
         * @return this builder
         */
        public Builder optPrecision(Precision precision) {
            this.precision = precision;
            return this;
        }

        /**
         * Builds the block.
         *
         * @return the block
         * @throws InvalidInputException if a required setting is missing or the sizes do not fit
         */
        public SpAttentionBlock build() {
            requirePositive("the model dimension", modelDim);
            requirePositive("the number of heads", numHeads);
            if (pattern == null) {
                throw new InvalidInputException("an attention pattern must be set");
            }
            numKvHeads = numKvHeads == 0 ? numHeads : numKvHeads;
            if (numHeads % numKvHeads != 0) {
                throw new InvalidInputException("key/value heads must divide the query heads (got " + numKvHeads
                        + " key/value heads for " + numHeads + " heads)");
            }
            if (pattern instanceof LshSettings && numKvHeads != numHeads) {
                throw new InvalidInputException("lsh attention shares queries and keys: it needs as many key/value heads as heads (got "
                        + numKvHeads + " key/value heads for " + numHeads + " heads)");
            }
            if (headDim == 0) {
                if (modelDim % numHeads != 0) {
                    throw new InvalidInputException("the heads must divide the model dimension (got " + numHeads
                            + " heads for dimension " + modelDim + "), or the head dimension must be set");
                }
                headDim = modelDim / numHeads;
            }
            if (rotary != null && rotary.headDim() != headDim) {
                throw new InvalidInputException("the rotary embedding must be of the head dimension (got " + rotary.headDim() + " and "
                        + headDim + ")");
            }
            if (rotaryTheta > 0 && headDim % 2 != 0) {
                throw new InvalidInputException("rotary embedding needs an even head dimension (got " + headDim + ")");
            }
            return new SpAttentionBlock(this);
        }

        private static int requirePositive(String what, int value) {
            if (value < 1) {
                throw new InvalidInputException(what + " must be at least 1 (got " + value + ")");
            }
            return value;
        }
    }
}
