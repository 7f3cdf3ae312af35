// systolic_sums: one accumulator, of a bank and an address that the solver chooses, is followed. Whatever
// vectors come, in whatever order and with whatever pauses, it holds the sum of what was added since the last
// store, a read finds that, and no read of a memory meets a write.
module prove_sums (
    input logic       clk_i,
    input logic       rst_i,
    input logic       en_i,
    input logic       add_i,
    input logic       bank_i,
    input logic [1:0] address_i,
    input logic       store_i,
    input logic       negate_i,
    input logic [2:0] operands_i,
    input logic       read_i,
    input logic       read_bank_i,
    input logic [1:0] read_address_i,
    input logic       followed_bank_i,
    input logic [1:0] followed_address_i
);
  logic [7:0] data;
  systolic_sums #(
      .SystolicColumns(1),
      .SystolicVectors(4),
      .AccBits(4),
      .OperandBits(3)
  ) u_dut (
      .clk_i,
      .rst_i,
      .en_i,
      .add_i,
      .bank_i,
      .address_i,
      .store_i,
      .negate_i,
      .operands_i,
      .read_i,
      .read_bank_i,
      .read_address_i,
      .data_o(data)
  );
  (* keep *) wire add, bank, negate;
  (* keep *) wire [1:0] address, from;
  (* keep *) wire [3:0] before, memory00, memory01, memory02, memory03;
  (* keep *) wire [3:0] memory10, memory11, memory12, memory13;

  initial assume (rst_i);

  // The followed accumulator, by its definition; nothing is known of it before its first store.
  logic known_q, chosen_q, followed_bank_q, mine, store_q;
  logic [1:0] followed_address_q;
  logic [3:0] value_q, operand, place;
  assign mine = add && bank == followed_bank_q && address == followed_address_q;
  assign operand = 4'(signed'(operands_i)) + 4'(negate);
  always_comb begin
    case ({followed_bank_q, followed_address_q})
      3'd0: place = memory00;
      3'd1: place = memory01;
      3'd2: place = memory02;
      3'd3: place = memory03;
      3'd4: place = memory10;
      3'd5: place = memory11;
      3'd6: place = memory12;
      default: place = memory13;
    endcase
  end

  // Where the last sum went, and which word a bank's memory shows: the last one that was read of it.
  logic last_known_q, last_bank_q, shows_q, asked_q;
  logic [1:0] last_address_q;
  logic shown_bank;
  assign shown_bank = followed_bank_q;
  always_ff @(posedge clk_i) begin
    if (en_i) begin
      store_q <= store_i;
      if (add) begin
        last_known_q <= 1'b1;
        last_bank_q <= bank;
        last_address_q <= address;
      end
      if (mine) begin
        known_q <= known_q || store_q;
        value_q <= (store_q ? 4'd0 : value_q) + operand;
      end
      asked_q <= read_i && read_bank_i == followed_bank_q && read_address_i == followed_address_q;
      shows_q <= add_i && !store_i && bank_i == followed_bank_q && address_i == followed_address_q &&
                 !(add && bank == bank_i && address == address_i);
    end
    if (rst_i) begin
      known_q <= 1'b0;
      last_known_q <= 1'b0;
      asked_q <= 1'b0;
      shows_q <= 1'b0;
      followed_bank_q <= followed_bank_i;
      followed_address_q <= followed_address_i;
    end
    if (!rst_i) begin
      holds_the_sum : assert (!known_q || place == value_q);
      shows_the_sum : assert (!(known_q && (shows_q || asked_q)) ||
                              (shown_bank ? data[7:4] : data[3:0]) == value_q);
      goes_on : assert (!last_known_q || last_bank_q != followed_bank_q ||
                        last_address_q != followed_address_q || before == place);
      from_store : assert (!add || (from == 2'd3) == store_q);
      from_before : assert (!add || from != 2'd2 || (last_known_q && last_bank_q == bank &&
                                                     last_address_q == address));
      from_memory : assert (!(mine && !from[1]) || (from[0] == bank && shows_q));
    end
  end
endmodule
