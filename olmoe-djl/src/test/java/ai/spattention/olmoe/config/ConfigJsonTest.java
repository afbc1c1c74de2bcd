package ai.spattention.olmoe.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.spattention.common.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What transformers makes of the keys, by its OlmoeConfig of versions 4.57 and 5.17. */
class ConfigJsonTest {

    private static final String SIZES = """
            "model_type": "olmoe", "vocab_size": 11, "hidden_size": 8, "intermediate_size": 4, "num_hidden_layers": 2,
            "num_attention_heads": 2, "num_experts_per_tok": 2, "max_position_embeddings": 16""";

    @TempDir
    private Path folder;

    private OlmoeConfig read(String more) throws IOException {
        return readAll("\"num_experts\": 4" + (more.isEmpty() ? "" : ", " + more));
    }

    private OlmoeConfig readAll(String more) throws IOException {
        return ConfigJson.read(Files.writeString(folder.resolve("config.json"), "{" + SIZES + ", " + more + "}"));
    }

    private String refusal(String more) {
        return assertThrows(InvalidInputException.class, () -> read(more)).getMessage()
                .replaceFirst("^" + java.util.regex.Pattern.quote(folder.resolve("config.json").toString()), "FILE");
    }

    @Test
    void whatIsAbsentHasTransformersDefaults() throws IOException {
        OlmoeConfig config = read("");
        assertEquals(1e-5f, config.rmsNormEps());
        assertEquals(10_000, config.ropeTheta());
        assertEquals(0.01, config.routerAuxLossCoef());
        assertEquals(2, config.numKeyValueHeads());
        assertEquals(false, config.normTopkProb() || config.tieWordEmbeddings() || config.attentionBias());
        assertNull(config.clipQkv());
        assertNull(config.bosTokenId());
        assertEquals(1, config.padTokenId(), "OlmoeConfig has the pad id 1");
        assertNull(read("\"pad_token_id\": null").padTokenId());
        assertEquals(2, read("\"num_key_value_heads\": null, \"head_dim\": null, \"clip_qkv\": null").numKeyValueHeads());
    }

    /** Where rope_scaling holds something, it stands in for rope_parameters; the base in it comes before the one beside. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "\"rope_theta\": 500                                                                  | 500",
        "\"rope_theta\": 500, \"rope_scaling\": null, \"rope_parameters\": null               | 500",
        "\"rope_theta\": 500, \"rope_scaling\": {}                                            | 500",
        "\"rope_theta\": 500, \"rope_scaling\": {\"rope_type\": \"default\"}                  | 500",
        "\"rope_theta\": 500, \"rope_scaling\": {\"type\": \"default\", \"factor\": 1.0}      | 500",
        "\"rope_scaling\": {\"rope_type\": \"default\", \"rope_theta\": 600}                  | 600",
        "\"rope_parameters\": {\"rope_theta\": 700, \"rope_type\": \"default\"}               | 700",
        "\"rope_parameters\": {\"rope_theta\": 700, \"type\": \"default\"}                    | 700",
        "\"rope_theta\": 500, \"rope_parameters\": {\"rope_theta\": 700}                      | 700",
        "\"rope_theta\": 500, \"rope_parameters\": {\"rope_type\": \"default\"}               | 500",
        "\"rope_parameters\": {\"rope_type\": \"default\", \"partial_rotary_factor\": 1}      | 10000"})
    void theBaseOfTheRotaryEmbedding(String settings, double theta) throws IOException {
        assertEquals(theta, read(settings).ropeTheta());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "\"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 2.0}        | 'rope_scaling.rope_type' = \"linear\"",
        "\"rope_scaling\": {\"type\": \"dynamic\", \"factor\": 2.0}            | 'rope_scaling.type' = \"dynamic\"",
        "\"rope_parameters\": {\"rope_theta\": 7, \"type\": \"yarn\"}          | 'rope_parameters.type' = \"yarn\"",
        "\"rope_parameters\": {\"rope_type\": \"default\", \"factor\": 4}      | 'rope_parameters.factor' = 4",
        "\"rope_parameters\": {\"partial_rotary_factor\": 0.5}                 | 'rope_parameters.partial_rotary_factor' = 0.5",
        "\"rope_parameters\": {\"full_attention\": {\"rope_theta\": 5e5}}      | 'rope_parameters.full_attention'",
        "\"rope_parameters\": {\"rope_theta\": \"500\"}                        | 'rope_parameters.rope_theta' = \"500\"",
        "\"rope_parameters\": 5                                                | 'rope_parameters' = 5",
        "\"rope_theta\": null                                                  | 'rope_theta' = null",
        "\"rope_scaling\": {\"rope_theta\": 5}, \"rope_parameters\": {\"rope_theta\": 6} | two bases, 5.0 by 'rope_scaling' and 6.0",
        "\"partial_rotary_factor\": 0.5                                        | 'partial_rotary_factor' = 0.5"})
    void otherRotaryEmbeddingsAreRefused(String settings, String named) {
        assertTrue(refusal(settings).contains(named), () -> refusal(settings));
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"sliding_window\": 128", "\"attn_logit_softcapping\": 50.0", "\"num_shared_experts\": 1",
        "\"use_qk_norm\": false", "\"mlp_bias\": true", "\"layer_types\": [\"full_attention\", \"sliding_attention\"]",
        "\"quantization_config\": {\"bits\": 4}", "\"scoring_func\": \"sigmoid\"", "\"routed_scaling_factor\": 2.5",
        "\"residual_multiplier\": 0.2", "\"embedding_multiplier\": 12", "\"logits_scaling\": 8", "\"first_k_dense_replace\": 1",
        "\"moe_intermediate_size\": 5", "\"normalization_type\": \"post\"", "\"hidden_dropout\": 0.1", "\"attentionSink\": true",
        "\"per_layer_config\": {\"0\": {\"head_dim\": 2}}", "\"n_group\": 4"})
    void whatWouldChangeNumbersIsRefusedByName(String setting) {
        String key = setting.substring(1, setting.indexOf('"', 1));
        assertTrue(refusal(setting).startsWith("FILE has '" + key + "' = "), () -> refusal(setting));
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"sliding_window\": null", "\"use_sliding_window\": false", "\"layer_types\": [\"full_attention\"]",
        "\"pruned_heads\": {}", "\"chunk_size_feed_forward\": 0", "\"num_shared_experts\": 0", "\"partial_rotary_factor\": 1.0",
        "\"_attn_implementation\": \"sdpa\"", "\"use_cache\": true", "\"output_hidden_states\": true", "\"top_k\": 50",
        "\"num_beams\": 4", "\"torch_dtype\": \"bfloat16\"", "\"dtype\": \"float16\"", "\"id2label\": {\"0\": \"LABEL_0\"}",
        "\"transformers_version\": \"4.46.0\"", "\"_name_or_path\": \"x\"", "\"auto_map\": {\"AutoModel\": \"a.B\"}",
        "\"tokenizer_class\": \"GPTNeoXTokenizer\"", "\"sep_token_id\": 3", "\"comment\": \"mine\"", "\"hidden_act\": \"swish\"",
        "\"cross_attention_hidden_size\": null", "\"pretraining_tp\": 1", "\"is_encoder_decoder\": false"})
    void whatChangesNothingIsSkipped(String setting) throws IOException {
        assertEquals(read(""), read(setting));
    }

    @Test
    void theNumberOfExpertsHasTwoNames() throws IOException {
        assertEquals(4, readAll("\"num_local_experts\": 4").numExperts());
        assertEquals(4, readAll("\"num_experts\": 4, \"num_local_experts\": 4").numExperts());
        assertEquals("FILE has 'num_local_experts' = 8: 'num_experts', which means the same, is 4",
                refusal("\"num_local_experts\": 8"));
    }

    @Test
    void endIdsAreANumberOrAList() throws IOException {
        assertEquals(List.of(), read("\"eos_token_id\": null").eosTokenIds());
        assertEquals(List.of(3), read("\"eos_token_id\": 3").eosTokenIds());
        assertEquals(List.of(3, 5), read("\"eos_token_id\": [3, 5, 3], \"bos_token_id\": 2").eosTokenIds());
        assertEquals("FILE has 'eos_token_id' = [3,\"5\"]: it must be a token id, a list of ids, or null",
                refusal("\"eos_token_id\": [3, \"5\"]"));
        assertEquals("FILE: eos_token_id must lie in [0, vocab_size = 11) (got 11)", refusal("\"eos_token_id\": [3, 11]"));
        assertEquals("FILE: pad_token_id must lie in [-vocab_size, vocab_size), vocab_size = 11 (got 11)", refusal("\"pad_token_id\": 11"));
        assertEquals("FILE has 'bos_token_id' = [1,2]: it must be one token id or null", refusal("\"bos_token_id\": [1, 2]"));
        for (String ids : List.of("\"eos_token_id\": null", "\"eos_token_id\": 3", "\"eos_token_id\": [3, 5], \"bos_token_id\": 2")) {
            OlmoeConfig config = read(ids);
            assertEquals(config, ConfigJson.read(Files.writeString(folder.resolve("again.json"), ConfigJson.write(config, "float32"))));
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "\"head_dim\": 4.0              | FILE has 'head_dim' = 4.0: it must be a whole number of at most 2147483647",
        "\"head_dim\": 2147483648       | FILE has 'head_dim' = 2147483648: it must be a whole number of at most 2147483647",
        "\"rms_norm_eps\": \"1e-5\"     | FILE has 'rms_norm_eps' = \"1e-5\": it must be a number",
        "\"rms_norm_eps\": null         | FILE has 'rms_norm_eps' = null: it must be a number",
        "\"norm_topk_prob\": 1          | FILE has 'norm_topk_prob' = 1: it must be true or false"})
    void valuesOfAnotherKindAreRefused(String setting, String message) {
        assertEquals(message, refusal(setting));
    }

    @Test
    void whatIsNoNumberIsNoJson() {
        assertTrue(refusal("\"rms_norm_eps\": NaN").startsWith("FILE is not valid JSON: Non-standard token 'NaN'"));
    }
}
