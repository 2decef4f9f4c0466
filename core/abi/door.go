package abi

// Door is an Instance behind two buffers that it owns, as the exports of the module need them.
// Buffers are good until the next call.
type Door struct {
	instance        Instance
	request, answer []byte
}

// keptBuffer is the size of the largest buffer that is kept for the next call.
const keptBuffer = 1 << 20

// Request returns a buffer of n bytes for the next frame, or nil if none may be that large.
func (d *Door) Request(n int) []byte {
	if n < 0 || n > MaxFrame {
		return nil
	}
	if n > cap(d.request) || cap(d.request) > keptBuffer {
		d.request = make([]byte, max(n, 4096))
	}
	d.request = d.request[:max(n, 1)]
	return d.request
}

// Do handles the first n bytes of the request buffer and returns the answer; nil if the buffer is
// shorter.
func (d *Door) Do(n int) []byte {
	if n < 0 || n > len(d.request) {
		return nil
	}
	d.answer = d.instance.Handle(d.request[:n])
	return d.answer
}

// Wipe overwrites both buffers. Shells call it after every message that had a key or a signed
// request in it.
func (d *Door) Wipe() {
	clear(d.request[:cap(d.request)])
	clear(d.answer[:cap(d.answer)])
}
