// SPDX-License-Identifier: MIT
pragma solidity 0.8.26;

/// The pay rule P_i = rate * C_i * T_i * lambda (paper 3.3). Functions of numbers alone: money stays in the
/// ledger's rows, and the ledger bounds what comes back. Units: grains, MFLOP/s, ms, MFLOP, lambda in millionths.
contract Pay {
    uint256 private constant VALUE_MAX = 2 ** 62;
    uint256 private constant UNITS_MAX = 2 ** 60 - 1;

    function least(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }

    /// U = min(C * T / 1000, 5/4 * work * count); work 0: no bound.
    function units(uint64 capacity, uint64 ms, uint64 work, uint64 count) public pure returns (uint64) {
        uint256 u = least((uint256(capacity) * ms) / 1000, VALUE_MAX);
        if (work != 0) u = least(u, (uint256(work) * count * 5) / 4);
        return uint64(least(u, UNITS_MAX));
    }

    /// P = min(A, rate * U * lambda / 10^15)
    function pay(uint64 rate, uint64 u, uint64 lambda, uint64 amount) public pure returns (uint64) {
        uint256 p = (uint256(rate) * u * lambda) / 10 ** 15;
        return uint64(least(p, least(amount, VALUE_MAX)));
    }

    /// What of the escrow an accepted lease moves: to its node, to the treasury (levy and urgency, `extra`
    /// millionths of the pay), back to the submitter (what is left of the lease's share). Paid before: nothing.
    function settle(uint64 escrow, uint64 share, uint64 due, uint64 extra, bool paid)
        public
        pure
        returns (uint64 node, uint64 treasury, uint64 refund)
    {
        if (paid) return (0, 0, 0);
        uint256 s = (uint256(due) * extra) / 10 ** 6;
        uint256 left = escrow;
        node = uint64(least(due, left));
        left -= node;
        treasury = uint64(least(s, left));
        left -= treasury;
        uint256 spent = due + s;
        refund = uint64(least(share > spent ? share - spent : 0, left));
    }
}

/// What holds of it, for `ogpu-contract prove`.
contract PayCheck is Pay {
    function check_units(uint64 capacity, uint64 ms, uint64 work, uint64 count) external pure {
        uint256 u = units(capacity, ms, work, count);
        assert(u <= 2 ** 60 - 1);
        assert(u <= (uint256(capacity) * ms) / 1000);
        assert(work == 0 || u <= (uint256(work) * count * 5) / 4);
    }

    function check_pay_is_within_amount(uint64 rate, uint64 u, uint64 lambda, uint64 amount) external pure {
        assert(pay(rate, u, lambda, amount) <= amount);
    }

    function check_payouts_are_within_escrow(uint64 escrow, uint64 share, uint64 due, uint64 extra, bool paid)
        external
        pure
    {
        (uint64 n, uint64 t, uint64 r) = settle(escrow, share, due, extra, paid);
        assert(uint256(n) + t + r <= escrow);
        assert(n <= due);
    }

    function check_paid_at_most_once(uint64 escrow, uint64 share, uint64 due, uint64 extra) external pure {
        (uint64 n, uint64 t, uint64 r) = settle(escrow, share, due, extra, true);
        assert(n == 0 && t == 0 && r == 0);
    }

    mapping(uint256 => bool) private done;
    mapping(uint256 => uint256) private times;

    /// The ledger's use of the rule: a row marks what was paid.
    function settleOnce(uint256 element, uint64 escrow, uint64 share, uint64 due, uint64 extra) external {
        (uint64 n, , ) = settle(escrow, share, due, extra, done[element]);
        if (!done[element] || n > 0) times[element]++;
        done[element] = true;
        assert(times[element] <= 1);
    }
}
