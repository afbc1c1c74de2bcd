package ai.spattention.train.config;

/** A part of the configuration that has keys of its own. */
sealed interface Section
        permits RunConfig, ModelConfig, DataConfig, TrainingConfig, OptimizerConfig, ScheduleConfig, ValidationConfig,
                EvaluationConfig, CheckpointConfig, SampleConfig {}
