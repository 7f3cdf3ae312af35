// One Verilated tile behind the DPI of verilator_tile.sv. Compiled with the models (verilator_build.cpp),
// never into Spikeloom itself. A tile belongs to the context of the chip that is being made or clocked
// (verilator_instance.h).
#include <cstring>
#include <type_traits>

#include "Vchip__Dpi.h"
#include "tile_models.h"  // written by the builder: SPIKELOOM_TILE_MODELS(X), X(kind, model) for each kind
#include "verilated.h"

namespace {

// Ports of any width from and to 32-bit words; a wide port is an array of them.
template <class Port>
void put(Port& port, const svBitVecVal* words) {
  if constexpr (sizeof(Port) <= sizeof(svBitVecVal)) {
    port = static_cast<Port>(words[0]);
  } else {
    std::memcpy(&port, words, sizeof(Port));
  }
}
template <class Port>
void get(const Port& port, svBitVecVal* words) {
  if constexpr (sizeof(Port) <= sizeof(svBitVecVal)) {
    words[0] = port;
  } else {
    std::memcpy(words, &port, sizeof(Port));
  }
}

struct Tile {
  Tile() = default;
  Tile(const Tile&) = delete;
  Tile& operator=(const Tile&) = delete;
  virtual ~Tile() = default;
  virtual int clock(int controls, long long ring, const svBitVecVal* spike, long long* ring_out,
                    svBitVecVal* spike_out) = 0;
};

template <class Model>
class TileOf final : public Tile {
 public:
  TileOf(const char* name, int number) : model(Verilated::threadContextp(), name) {
    model.clk_i = 0;
    model.node_i = static_cast<SData>(number);
    model.eval();
    show();
  }
  ~TileOf() override { model.final(); }

  int clock(int controls, long long ring, const svBitVecVal* spike, long long* ring_out,
            svBitVecVal* spike_out) override {
    model.rst_i = controls & 1;
    model.en_i = controls >> 1 & 1;
    model.rewind_i = controls >> 2 & 1;
    model.prime_i = controls >> 3 & 1;
    model.ring_valid_i = controls >> 4 & 1;
    model.credit_i = controls >> 5 & 15;
    model.go_i = controls >> 9;
    model.ring_i = static_cast<QData>(ring);
    put(model.spike_i, spike);
    model.clk_i = 0;
    model.eval();
    if (!shows_what_it_showed())
      vl_fatal(__FILE__, __LINE__, model.name(),
               "an output of the tile follows an input within the clock, so tiles cannot share their code");
    model.clk_i = 1;
    model.eval();
    show();
    *ring_out = static_cast<long long>(shown_ring);
    std::memcpy(spike_out, shown_spike, sizeof shown_spike);
    return shown_state;
  }

 private:
  static constexpr std::size_t kSpikeWords =
      (sizeof(std::remove_reference_t<decltype(Model::spike_o)>) + sizeof(svBitVecVal) - 1) /
      sizeof(svBitVecVal);

  [[nodiscard]] int state() const {
    return model.works_o << 6 | model.active_o << 5 | model.ring_valid_o << 4 | model.credit_o;
  }
  [[nodiscard]] bool shows_what_it_showed() {
    svBitVecVal spike[kSpikeWords];
    get(model.spike_o, spike);
    return state() == shown_state && model.ring_o == shown_ring &&
           std::memcmp(spike, shown_spike, sizeof spike) == 0;
  }
  void show() {
    shown_state = state();
    shown_ring = model.ring_o;
    get(model.spike_o, shown_spike);
  }

  Model model;
  int shown_state = 0;
  QData shown_ring = 0;
  svBitVecVal shown_spike[kSpikeWords] = {};
};

}  // namespace

void* spikeloom_tile_create(const char* name, int number, int kind) {
  Tile* tile = nullptr;
#define SPIKELOOM_CREATE(number_of_kind, Model) \
  if (kind == (number_of_kind)) tile = new TileOf<Model>(name, number);
  SPIKELOOM_TILE_MODELS(SPIKELOOM_CREATE)
#undef SPIKELOOM_CREATE
  if (tile == nullptr) vl_fatal(__FILE__, __LINE__, name, "no model of this kind of tile");
  return tile;
}

void spikeloom_tile_destroy(void* opaque) { delete static_cast<Tile*>(opaque); }

int spikeloom_tile_clock(void* opaque, int controls, long long ring, const svBitVecVal* spike,
                         long long* ring_out, svBitVecVal* spike_out) {
  return static_cast<Tile*>(opaque)->clock(controls, ring, spike, ring_out, spike_out);
}
