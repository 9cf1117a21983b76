// SPDX-License-Identifier: MIT
pragma solidity 0.8.26;

/// What a contract can do to the chain, a function each: for tests of the ledger and of the ABI.
contract Child {
    uint256 public born = block.number;

    constructor() payable {}

    function end(address payable to) external {
        selfdestruct(to);
    }
}

contract Kit {
    struct Job {
        uint64 id;
        string name;
        int16[] prices;
        bytes4 tag;
    }

    event Put(address indexed who, uint256 value, string note);
    event Made(address child);
    error TooLow(uint256 have, uint256 want);

    string public name;
    uint256 public count;
    mapping(address => uint256) public kept;
    Job[] private jobs;

    constructor(uint256 start, string memory called) payable {
        count = start;
        name = called;
    }

    receive() external payable {
        kept[msg.sender] += msg.value;
    }

    function put(string calldata note) external payable {
        kept[msg.sender] += msg.value;
        emit Put(msg.sender, msg.value, note);
    }

    function bump() external returns (uint256) {
        return ++count;
    }

    function set(uint256 from, uint256 n, uint256 to) external {
        for (uint256 i = from; i < from + n; i++) {
            assembly {
                sstore(add(i, 0x1000000), to)
            }
        }
    }

    function send(address payable to, uint256 amount) external {
        (bool ok, ) = to.call{value: amount}("");
        require(ok, "not sent");
    }

    function want(uint256 amount) external view {
        if (address(this).balance < amount) revert TooLow(address(this).balance, amount);
    }

    function spin() external {
        while (true) count++;
    }

    function spawn(uint256 amount) external returns (address) {
        Child c = new Child{value: amount}();
        emit Made(address(c));
        return address(c);
    }

    function burn(uint256 amount) external {
        Child c = new Child{value: amount}();
        c.end(payable(address(c)));
    }

    function add(Job calldata job) external returns (uint256) {
        jobs.push(job);
        return jobs.length;
    }

    function get(uint256 i) external view returns (Job memory) {
        return jobs[i];
    }

    function where() external view returns (uint256, uint256, uint256, address, bytes32, uint256) {
        return (block.number, block.timestamp, block.chainid, block.coinbase, blockhash(block.number - 1), tx.gasprice);
    }

    function echo(uint8 a, int256 b, bool c, bytes calldata d, bytes3 e)
        external
        pure
        returns (uint8, int256, bool, bytes memory, bytes3)
    {
        return (a, b, c, d, e);
    }

    function echoLists(address[2] calldata f, string[] calldata g, int8[][2] calldata h)
        external
        pure
        returns (address[2] memory, string[] memory, int8[][2] memory)
    {
        return (f, g, h);
    }
}
