#include "litestage/model/source/layer_patterns.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace litestage;

TEST_CASE("patterns of layers: windows and rotations are set beside each other") {
  using Layers = std::vector<bool>;
  CHECK(all_but_every(3, 7) == Layers{true, true, false, true, true, false, true});
  CHECK(all_but_every(1, 2) == Layers{false, false});
  CHECK(all_but_every(9, 2) == Layers{true, true});

  ModelConfig c;
  c.n_layers = 3;
  window_all_layers(c, 0);
  CHECK(c.window == 0);
  CHECK(c.layer_kinds.empty());
  window_all_layers(c, 5);
  CHECK(c.window == 5);
  CHECK(c.layer_kinds == std::vector<LayerKind>(3, LayerKind{LayerRope::global, true}));

  set_ropes(c, all_but_every(2, 3), LayerRope::local, LayerRope::none);
  CHECK(c.layer_kinds ==
        std::vector<LayerKind>{{LayerRope::local, true}, {LayerRope::none, true}, {LayerRope::local, true}});
  set_windows(c, {false, true, false}, 4);
  CHECK(c.window == 4);
  CHECK(c.layer_kinds ==
        std::vector<LayerKind>{{LayerRope::local, false}, {LayerRope::none, true}, {LayerRope::local, false}});
}
