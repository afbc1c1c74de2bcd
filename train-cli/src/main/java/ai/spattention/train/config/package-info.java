/**
 * The configuration of a training run: YAML read into immutable records that hold only allowed values.
 *
 * <p>{@link ai.spattention.train.config.RunConfigLoader} reads a file or a preset, what it extends, and the overrides of
 * the command line; {@link ai.spattention.train.config.RunConfigWriter} writes the resolved configuration back. Every
 * record checks its own values, so that one made by hand is as safe as one that was read. Every
 * key's meaning, unit, default and range stand beside the component that holds its value, as {@link ai.spattention.olmoe.keys.Key}
 * and {@link ai.spattention.olmoe.keys.Range}; {@link ai.spattention.train.config.ConfigSchema} lists them. The model's section is an
 * {@link ai.spattention.olmoe.config.OlmoeConfig}.
 * Begin at {@link ai.spattention.train.config.RunConfigLoader}.
 */
package ai.spattention.train.config;
