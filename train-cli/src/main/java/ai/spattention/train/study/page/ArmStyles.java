package ai.spattention.train.study.page;

import ai.spattention.train.report.chart.LineStyle;
import ai.spattention.train.study.result.StudyArm;
import ai.spattention.train.study.result.StudyResult;
import java.util.List;

/** How each arm looks, the same in all figures. */
final class ArmStyles {

    private final List<String> arms;

    ArmStyles(StudyResult study) {
        arms = study.arms().stream().map(StudyArm::name).toList();
    }

    LineStyle of(String arm) {
        return new LineStyle(arms.indexOf(arm));
    }
}
