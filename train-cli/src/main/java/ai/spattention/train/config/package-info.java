/**
 * The configuration of a training run: YAML read into immutable records that hold only allowed values.
 *
 * <p>{@link ai.spattention.train.config.RunConfigLoader} reads a file or a preset, what it extends, and the overrides of
 * the command line; {@link ai.spattention.train.config.RunConfigWriter} writes the resolved configuration back. Every
 * record checks its own values, so that one made by hand is as safe as one that was read. Defaults live in the resource
 * {@code defaults.yaml} of this package, where each key is described; keys without an entry there have to be given.
 */
package ai.spattention.train.config;
