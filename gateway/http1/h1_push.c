#include "gateway/http1/h1_push.h"

#include "gateway/exchange/exchange.h"

bool h1_push_head(struct gateway *gateway, h1_write_fn *write, const struct message_head *head,
		  const struct h1_write_options *options, struct slice_queue *to)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(gateway->params.header_pool);
	uint32_t length;

	if (!mbuf)
		return false;
	length = write(head, options, rte_pktmbuf_mtod(mbuf, char *), rte_pktmbuf_tailroom(mbuf));
	if (unlikely_true(!length)) {
		rte_pktmbuf_free(mbuf);
		length = write(head, options, gateway->scratch, GATEWAY_SCRATCH_BYTES);
		return length && gateway_push_bytes(gateway, to, gateway->scratch, length);
	}
	rte_pktmbuf_append(mbuf, (uint16_t)length);
	struct slice slice = {mbuf, mbuf->data_off, length};

	if (slice_queue_push(gateway->params.slices, to, slice))
		return true;
	slice_release(&slice);
	return false;
}
