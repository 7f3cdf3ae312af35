// A small Verilated module with clk_i and rst_i.
#pragma once

#include <memory>

namespace spikeloom::test {

template <class Model>
class UnitBench {
 public:
  UnitBench() {
    model_->rst_i = 1;
    clock();
    model_->rst_i = 0;
  }
  ~UnitBench() { model_->final(); }
  UnitBench(const UnitBench&) = delete;
  UnitBench& operator=(const UnitBench&) = delete;

  Model* operator->() { return model_.get(); }
  /// Outputs follow the inputs of this clock.
  void settle() {
    model_->clk_i = 0;
    model_->eval();
  }
  void clock() {
    settle();
    model_->clk_i = 1;
    model_->eval();
  }

 private:
  std::unique_ptr<Model> model_ = std::make_unique<Model>();
};

}  // namespace spikeloom::test
