package ai.spattention.eval.task;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * Tasks that are one but for their subject, and are averaged by the number of their rows.
 *
 * @param group the group's name
 * @param subjects the file that lists the subjects by category
 * @param task the task; {@code SUBJECT} in its name, folder and description stands for a subject, {@code SUBJECT NAME} for
 *     the same with spaces
 */
public record GroupSpec(
        @JsonProperty(required = true) String group,
        @JsonProperty(required = true) String subjects,
        @JsonProperty(required = true) TaskSpec task) {}
