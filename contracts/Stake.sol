// SPDX-License-Identifier: MIT
pragma solidity 0.8.26;

/// Stake: weight, slash and unbond rules (paper 2.2, 4.2). Functions of numbers alone; the ledger bounds what comes
/// back. Units: MFLOP/s, grains, millionths, ms.
contract Stake {
    function least(uint256 a, uint256 b) internal pure returns (uint256) {
        return a < b ? a : b;
    }

    /// min(C * reliability, k * bond); nothing below the least bond, or barred. k: MFLOP/s for an OGPU.
    function weight(uint64 capacity, uint64 reliability, uint64 k, uint64 bond, uint64 minBond, bool barred)
        public
        pure
        returns (uint64)
    {
        if (barred || bond < minBond) return 0;
        unchecked {
            // 64 by 64 bits
            uint256 byWork = (uint256(capacity) * reliability) / 10 ** 6;
            uint256 byBond = (uint256(k) * bond) / 10 ** 9;
            return uint64(least(least(byWork, byBond), capacity));
        }
    }

    /// A weight rises by at most a tenth of itself or a hundredth of all capacity an epoch, and falls at once.
    function rise(uint64 now_, uint64 target, uint64 all) public pure returns (uint64) {
        uint256 step = now_ / 10 > all / 100 ? now_ / 10 : all / 100;
        return uint64(least(target, uint256(now_) + step));
    }

    /// As much of the bond as there is.
    function slash(uint64 bond, uint64 grains) public pure returns (uint64) {
        return uint64(least(bond, grains));
    }

    /// When a bond that is taken back ends to wait: a height and a time, both.
    function unbond(uint64 height, uint64 ms, uint64 blocks, uint64 wait)
        public
        pure
        returns (uint64 atHeight, uint64 atMs)
    {
        atHeight = uint64(least(uint256(height) + blocks, type(uint64).max));
        atMs = uint64(least(uint256(ms) + wait, type(uint64).max));
    }
}

/// What holds of it, for `ogpu-contract prove`.
contract StakeCheck is Stake {
    function check_weight(uint64 capacity, uint64 reliability, uint64 k, uint64 bond, uint64 minBond, bool barred)
        external
        pure
    {
        if (reliability > 10 ** 6) return;
        uint256 w = weight(capacity, reliability, k, bond, minBond, barred);
        assert(w <= capacity);
        assert(!barred || w == 0);
        assert(bond >= minBond || w == 0);
    }

    function check_rise(uint64 now_, uint64 target, uint64 all) external pure {
        uint256 w = rise(now_, target, all);
        assert(w <= target);
    }

    function check_slash(uint64 bond, uint64 grains) external pure {
        uint256 taken = slash(bond, grains);
        assert(taken <= bond && taken <= grains);
    }

    function check_unbond(uint64 height, uint64 ms, uint64 blocks, uint64 wait) external pure {
        (uint64 h, uint64 t) = unbond(height, ms, blocks, wait);
        assert(h >= height && t >= ms);
    }
}
