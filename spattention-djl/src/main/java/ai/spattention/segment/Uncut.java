package ai.spattention.segment;

import ai.djl.ndarray.NDList;

/** Parts follow each other without a cut. */
enum Uncut implements Segments {
    ENGINE {
        @Override
        public boolean isExplicit() {
            return false;
        }

        @Override
        public NDList run(String name, ExplicitPart part, NDList inputs) {
            return part.differentiable(inputs);
        }
    },
    INFERENCE {
        @Override
        public boolean isExplicit() {
            return true;
        }

        @Override
        public NDList run(String name, ExplicitPart part, NDList inputs) {
            try (NoGradient inference = new NoGradient()) {
                return part.forward(inputs).outputs();
            }
        }
    };

    @Override
    public NDList run(String name, Part part, NDList inputs) {
        return part.run(this, inputs);
    }

    @Override
    public NDList runAgainLater(Part part, NDList inputs) {
        return part.run(this, inputs);
    }
}
