// Tlogcheck checks what a ledger publishes with the Go project's own packages, which know nothing of ledgers:
// golang.org/x/mod/sumdb/note opens checkpoints, and golang.org/x/mod/sumdb/tlog checks trees and proofs.
//
//	tlogcheck note VKEY FILE             the note is signed by this key
//	tlogcheck receipt VKEY FILE ENTRY    the receipt shows that the entry stands in the tree
//	tlogcheck tiles VKEY DIR             every entry in the bundles is proved from the tiles, by the checkpoint
//
// It prints what it has checked and exits with 0, or says why not and exits with 1.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Println("refused:", err)
		os.Exit(1)
	}
}

func run(command, vkey string, files []string) error {
	switch command {
	case "note":
		tree, err := open(vkey, read(files[0]))
		if err != nil {
			return err
		}
		fmt.Println("signed:", tree.N, tree.Hash)
		return nil
	case "receipt":
		return checkReceipt(vkey, read(files[0]), read(files[1]))
	case "tiles":
		return checkTiles(vkey, files[0])
	}
	return fmt.Errorf("there is no command %s", command)
}

func read(file string) []byte {
	content, err := os.ReadFile(file)
	if err != nil {
		fmt.Println("refused:", err)
		os.Exit(1)
	}
	return content
}

// open gives the tree in a checkpoint that was signed by the key with the name of its origin.
func open(vkey string, signed []byte) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		return tlog.Tree{}, fmt.Errorf("not a checkpoint: %q", opened.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

func checkReceipt(vkey string, receipt, entry []byte) error {
	head, signed, found := bytes.Cut(receipt, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return fmt.Errorf("not a receipt")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, line := range lines[2:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	tree, err := open(vkey, signed)
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
		return err
	}
	fmt.Println("proved:", index, tree.N)
	return nil
}

func checkTiles(vkey, dir string) error {
	tree, err := open(vkey, read(filepath.Join(dir, "checkpoint")))
	if err != nil {
		return err
	}
	hashes := tlog.TileHashReader(tree, folder(dir))
	entries, err := bundles(dir, tree.N)
	if err != nil {
		return err
	}
	for index, entry := range entries {
		proof, err := tlog.ProveRecord(tree.N, int64(index), hashes)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, int64(index), tlog.RecordHash(entry)); err != nil {
			return err
		}
	}
	fmt.Println("proved:", len(entries))
	return nil
}

// folder reads tiles from files named as c2sp.org/tlog-tiles says.
type folder string

func (dir folder) Height() int { return height }

func (dir folder) SaveTiles([]tlog.Tile, [][]byte) {}

func (dir folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		// Go's own paths differ only in naming the height.
		name := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
		content, err := os.ReadFile(filepath.Join(string(dir), name))
		if err != nil {
			return nil, err
		}
		all = append(all, content)
	}
	return all, nil
}

func bundles(dir string, size int64) ([][]byte, error) {
	var entries [][]byte
	for first := int64(0); first < size; first += 1 << height {
		width := size - first
		if width > 1<<height {
			width = 1 << height
		}
		tile := tlog.Tile{H: height, L: -1, N: first >> height, W: int(width)}
		name := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/data/", height), "tile/entries/", 1)
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		for len(content) > 0 {
			length := len(content) + 1
			if len(content) >= 2 {
				length = int(binary.BigEndian.Uint16(content)) + 2
			}
			if length > len(content) {
				return nil, fmt.Errorf("%s ends in the middle of an entry", name)
			}
			entries = append(entries, content[2:length])
			content = content[length:]
		}
	}
	if int64(len(entries)) != size {
		return nil, fmt.Errorf("%d entries in the bundles, and %d in the checkpoint", len(entries), size)
	}
	return entries, nil
}
