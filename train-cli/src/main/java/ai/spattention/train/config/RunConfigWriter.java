package ai.spattention.train.config;

import com.fasterxml.jackson.core.JsonProcessingException;

/** Writes a configuration as YAML, every key with its value, so that it reads back as the same configuration. */
public final class RunConfigWriter {

    private RunConfigWriter() {}

    /**
     * Writes a configuration.
     *
     * @param config the configuration
     * @return the YAML text, which {@link RunConfigLoader} reads
     */
    public static String toYaml(RunConfig config) {
        try {
            return ConfigMapper.mapper().writeValueAsString(config);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a configuration could not be written as YAML", e);
        }
    }
}
